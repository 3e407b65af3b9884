/// What can be read in a transaction of either kind.
///
/// It is handed to a body on a database thread and cannot leave it.
package protocol DatabaseReading: ~Copyable {
    /// The connection of the transaction.
    var connection: SQLiteConnection { get }
}

/// A consistent snapshot of the database: what was committed when its first read began.
package struct ReadTransaction: ~Copyable, DatabaseReading {
    package let connection: SQLiteConnection

    init(_ connection: SQLiteConnection) {
        self.connection = connection
    }
}

/// The changes of one job: all of them take effect or none.
///
/// Several jobs share one commit, so nothing is durable before the call that submitted the job returns.
package struct WriteTransaction: ~Copyable, DatabaseReading {
    package let connection: SQLiteConnection
    /// Microseconds since the epoch, the same for everything in this transaction.
    package let time: UInt64
    private(set) var isAbandoned = false
    private(set) var actions: [@Sendable () -> Void] = []
    let tombstonesMaximum: Int

    init(_ connection: SQLiteConnection, time: UInt64, tombstonesMaximum: Int) {
        self.connection = connection
        self.time = time
        self.tombstonesMaximum = tombstonesMaximum
    }

    /// Takes all changes of this job back; its result is delivered none the less. For refusals that are no storage error.
    package mutating func abandon() {
        isAbandoned = true
    }

    /// Runs `action` when the changes are durable, before the job's result is delivered: on the writer's thread, in the
    /// order of the commits, so that what it hands on is in the order of the change log. It must not wait for anything.
    package mutating func afterCommit(_ action: @escaping @Sendable () -> Void) {
        actions.append(action)
    }
}
