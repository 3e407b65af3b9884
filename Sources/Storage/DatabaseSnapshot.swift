internal import PylonThreading
internal import PylonTime

/// One consistent state of the database, for readers that take minutes: exports.
///
/// It has a connection and a thread of its own, so that it takes none of the readers', and is read piece by piece at any pace. While it is
/// open the write-ahead log cannot start over: there are few at a time, and none for ever. Safe from any thread.
package final class DatabaseSnapshot: Sendable {
    private let slot: SnapshotSlots.Slot
    private let holder: Holder
    private let clock: any Clock
    private let patience: Duration
    private let end: Instant
    private let isClosed = Lock(false)

    private init(_ slot: SnapshotSlots.Slot, _ holder: Holder, settings: DatabaseSettings, clock: any Clock) {
        self.slot = slot
        self.holder = holder
        self.clock = clock
        patience = settings.readDeadline
        end = clock.now() + settings.snapshotLifetimeMaximum
    }

    /// The state of the database in `location` as it is now. Throws `overloaded` when there are as many as may be.
    static func open(
        _ location: DatabaseLocation, in slots: SnapshotSlots, settings: DatabaseSettings, clock: any Clock
    ) async throws(StorageError) -> DatabaseSnapshot {
        guard let slot = slots.take() else { throw .overloaded }
        let opened = await slot.thread.run { () -> Result<Holder, StorageError> in
            do throws(StorageError) {
                let connection = try SQLiteConnection(location, mode: .reader, settings: settings, clock: clock)
                try connection.run("BEGIN")
                // The state is that of the first read.
                _ = try connection.first("SELECT count(*) FROM sqlite_schema") { $0.integer(0) }
                return .success(Holder(connection))
            } catch {
                return .failure(error)
            }
        }
        do throws(StorageError) {
            let holder = try (opened ?? .failure(.closed)).get()
            return DatabaseSnapshot(slot, holder, settings: settings, clock: clock)
        } catch {
            slot.free()
            throw error
        }
    }

    /// Runs `body` on the snapshot. Each call has as long as any read has, and all of them together
    /// ``DatabaseSettings/snapshotLifetimeMaximum``: then it throws `deadlineExceeded`, and after ``close()`` it throws `closed`.
    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (inout ReadTransaction) throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        let deadline = min(clock.now() + patience, end)
        guard clock.now() < deadline else { throw .deadlineExceeded }
        let result = await slot.thread.run { [holder] () -> Result<Value, StorageError> in
            guard let connection = holder.connection else { return .failure(.closed) }
            connection.gate.deadline = deadline
            defer { connection.gate.deadline = .distantFuture }
            var transaction = ReadTransaction(connection)
            do throws(StorageError) {
                return .success(try body(&transaction))
            } catch {
                return .failure(error)
            }
        }
        return try (result ?? .failure(.closed)).get()
    }

    /// Lets go of the state. Does not block; further calls do nothing.
    package func close() {
        let wasClosed = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return isClosed
        }
        if wasClosed { return }
        // Refused only at the end of the process, when nobody needs it any more.
        _ = slot.thread.submit { [holder] in
            holder.connection?.rollBack()
            holder.connection = nil
        }
        // Whoever takes the slot now has its work done behind that.
        slot.free()
    }

    deinit {
        close()
    }

    /// The connection, on its thread.
    private final class Holder: @unchecked Sendable {
        // Safety: after `init`, `connection` is touched on the slot's thread only; `deinit` runs when nobody has it any more.
        var connection: SQLiteConnection?

        init(_ connection: SQLiteConnection) {
            self.connection = connection
        }
    }
}

/// The threads of snapshots, `db-snapshot-1` and so on: as many as there may be snapshots at a time.
final class SnapshotSlots: Sendable {
    /// A thread, taken by one snapshot at a time.
    final class Slot: Sendable {
        let thread: BlockingThread
        private let isTaken = Lock(false)

        fileprivate init(_ number: Int) {
            thread = BlockingThread(name: "db-snapshot-\(number)", capacity: 8, givesWay: true)
        }

        fileprivate func take() -> Bool {
            isTaken.withLock { isTaken in
                defer { isTaken = true }
                return !isTaken
            }
        }

        /// Gives the slot back.
        func free() { isTaken.withLock { $0 = false } }
    }

    private let slots: [Slot]

    init(_ count: Int) {
        slots = (1...max(1, count)).map { Slot($0) }
    }

    /// Starts the threads; they end after `close`.
    func start() -> [Thread] { slots.map { $0.thread.start() } }

    /// A slot that nobody has; nil when there is none.
    func take() -> Slot? { slots.first { $0.take() } }

    func close() {
        for slot in slots { slot.thread.close() }
    }
}
