package import PylonNet
package import PylonReplay
internal import PylonSimulation
package import PylonTelemetry
internal import PylonThreading

/// What keeps things of shards beyond their lives, and of connections beyond theirs, as far as the process has it.
package struct ShardKeepers: Sendable {
    package let recordings: Recordings?
    package let store: (any ShardStore)?
    /// Seats held for those who have no connection, per client address.
    let heldSeats: AddressCap
    package let counters = KeepingCounters()
    let instances = InstanceNumbers()
    /// Says something to the operator.
    let report: @Sendable (String) -> Void

    package init(
        recordings: Recordings? = nil, store: (any ShardStore)? = nil, heldSeats: AddressCap = .unlimited,
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.recordings = recordings
        self.store = store
        self.heldSeats = heldSeats
        self.report = report
    }

    /// Throws when a shard asks for what is not there.
    func check(_ keeping: ShardKeeping, isPersistent: Bool) throws(ConfigurationError) {
        if keeping.isRecorded, recordings == nil {
            throw ConfigurationError("record", "needs a folder for recordings (PYLON_RECORD_DIR)")
        }
        guard keeping.checkpointTicks > 0 else { return }
        if !isPersistent { throw ConfigurationError("checkpoint_ticks", "needs a kind whose worlds can be saved") }
        if store == nil {
            throw ConfigurationError(
                "checkpoint_ticks", "needs the database of an app (--app, PYLON_MANIFEST)")
        }
    }
}

/// The limits of keeping.
enum KeepingLimits {
    /// Subscribers of one shard and requests for its state that wait for the database: as many as come to a shard in the seconds that a disk may
    /// stall for, few enough to be served at once behind that.
    static let waitingMaximum = 4096
    /// 64 of them from one address.
    static let waitingPerAddressMaximum = 64
}

/// Numbers for the shards that have an id one after the other. Safe from any thread.
final class InstanceNumbers: Sendable {
    private let last = Lock<UInt64>(0)

    /// A number behind all before; `time`, in microseconds since 1970, as long as the clock is not set back.
    func next(_ time: UInt64) -> UInt64 {
        last.withLock { last in
            last = max(time, last + 1)
            return last
        }
    }

    /// From now on numbers are behind `number`.
    func pass(_ number: UInt64) {
        last.withLock { $0 = max($0, number) }
    }
}

/// What keeping shards in the database comes to.
package struct KeepingCounters: Sendable {
    /// States saved.
    package let checkpoints = Counter()
    /// States that were due while the writer was still busy with the last change of that shard; they are saved as soon as it is done.
    package let checkpointsSkipped = Counter()
    /// Changes that the database refused, and states that are too large.
    package let failures = Counter()
    package let stateBytes = Counter()
    package let journalBytes = Counter()
    /// Steps that waited because what the last one shows was not yet durable.
    package let stepsHeld = Counter()
    /// Subscribers refused because too many waited for the database already.
    package let turnedAway = Counter()
    /// Shards that came back, those that could not, and those that may come back to another process.
    package let restored = Counter()
    package let setAside = Counter()
    package let withheld = Counter()

    package init() {}
}
