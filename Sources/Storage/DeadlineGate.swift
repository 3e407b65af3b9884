internal import CSQLite
internal import PylonTime

/// Ends statements of one connection that run past a deadline.
///
/// SQLite asks every 100 instructions of its virtual machine whether to go on: after some microseconds, or some rows whose long texts
/// are searched, as one instruction is one comparison. Compared with `sqlite3_interrupt` from a timer thread, nothing runs while
/// nothing is read, and no interrupt can hit the next statement.
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
            connection, 100,
            { context in
                guard let context else { return 0 }
                return Unmanaged<DeadlineGate>.fromOpaque(context).takeUnretainedValue().hasPassed ? 1 : 0
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Whether the deadline is over.
    var hasPassed: Bool { deadline != .distantFuture && clock.now() >= deadline }
}
