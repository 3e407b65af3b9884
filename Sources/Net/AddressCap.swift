package import PylonBytes
package import PylonTelemetry
internal import PylonThreading

/// At most so many of something per client address; an IPv6 address stands for its /64. Safe from any thread.
package final class AddressCap: Sendable {
    /// No cap at all.
    package static let unlimited = AddressCap(maximum: 0, refused: Counter())

    private let maximum: Int
    private let refused: Counter
    private let counts = Lock<[IPAddress: Int]>([:])

    /// `maximum` 0 is unlimited, and then nothing is counted. Refusals add to `refused`.
    package init(maximum: Int, refused: Counter) {
        self.maximum = maximum
        self.refused = refused
    }

    /// Counts one in; false when the address has its share. Whoever has no address, being on the same host, is not counted.
    package func admit(_ address: IPAddress?) -> Bool {
        guard maximum > 0, let address = address?.network else { return true }
        let isAdmitted = counts.withLock { counts in
            let count = counts[address, default: 0]
            guard count < maximum else { return false }
            counts[address] = count + 1
            return true
        }
        if !isAdmitted { refused.add() }
        return isAdmitted
    }

    /// Counts one out that `admit` let in.
    package func release(_ address: IPAddress?) {
        guard maximum > 0, let address = address?.network else { return }
        counts.withLock { counts in
            guard let count = counts[address] else { return }
            counts[address] = count > 1 ? count - 1 : nil
        }
    }
}
