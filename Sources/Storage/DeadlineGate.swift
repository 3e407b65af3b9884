internal import CSQLite
internal import PylonTime

/// Ends statements of one connection that run past a deadline.
///
/// SQLite asks every 1,000 instructions of its virtual machine (some tens of microseconds) whether to go on. Compared with
/// `sqlite3_interrupt` from a timer thread, nothing runs while nothing is read, and no interrupt can hit the next statement.
final class DeadlineGate {
    /// When the statement running now has to end. Touched by the connection's thread only.
    var deadline = Instant.distantFuture
    private let clock: any Clock

    init(clock: any Clock) {
        self.clock = clock
    }

    /// Watches `connection`, which must not outlive the gate.
    func install(on connection: OpaquePointer) {
        sqlite3_progress_handler(
            connection, 1000,
            { context in
                guard let context else { return 0 }
                return Unmanaged<DeadlineGate>.fromOpaque(context).takeUnretainedValue().hasPassed ? 1 : 0
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Whether the deadline is over.
    var hasPassed: Bool { deadline != .distantFuture && clock.now() >= deadline }
}
