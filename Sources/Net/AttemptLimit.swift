package import PylonBytes
package import PylonTelemetry
internal import PylonThreading
package import PylonTime

/// How often an address may get something wrong that it may be guessing; an IPv6 address stands for its /64. Safe from any thread; O(1).
package final class AttemptLimit: Sendable {
    /// Addresses remembered; beyond, the one that failed first is forgotten.
    package static let addressesMaximum = 10_000

    private struct Failures {
        let address: IPAddress
        let since: Instant
        var count: Int
    }

    private struct State {
        var list = RecencyList<Failures>()
        var handles: [IPAddress: Int] = [:]
    }

    /// Attempts that failed, of all addresses.
    package let failed = Counter()
    private let maximum: Int
    private let period: Duration
    private let clock: any Clock
    private let state = Lock(State())

    /// After `maximum` failures an address is to be refused until `period` has passed since the first of them.
    package init(maximum: Int = 10, per period: Duration = .seconds(60), clock: any Clock) {
        self.maximum = maximum
        self.period = period
        self.clock = clock
    }

    /// Whether an address may try. Whoever has no address, being on the same host, always may.
    package func mayTry(_ address: IPAddress?) -> Bool {
        guard let address = address?.network else { return true }
        let now = clock.now()
        return state.withLock { state in
            guard let handle = state.handles[address], let failures = state.list[handle] else { return true }
            return failures.count < maximum || failures.since + period <= now
        }
    }

    /// Notes that an attempt has failed.
    package func countFailure(of address: IPAddress?) {
        failed.add()
        guard let address = address?.network else { return }
        let now = clock.now()
        state.withLock { state in
            if let handle = state.handles[address], let failures = state.list[handle] {
                guard failures.since + period <= now else { return state.list.update(handle) { $0.count += 1 } }
                state.list.remove(handle)
            } else if state.list.count >= Self.addressesMaximum, let oldest = state.list.oldest {
                state.handles[state.list.remove(oldest).address] = nil
            }
            state.handles[address] = state.list.insert(Failures(address: address, since: now, count: 1))
        }
    }
}
