extension WriteTransaction {
    /// Runs `body` as a part of this transaction that can be taken back alone: when it throws, and when it abandons the transaction it is
    /// given. Not to be nested.
    ///
    /// After an error at which SQLite ended the transaction, everything that follows fails, and so does the job.
    package mutating func attempt<Value>(
        _ body: (inout WriteTransaction) throws(StorageError) -> Value
    ) throws(StorageError) -> Value {
        try connection.run("SAVEPOINT attempt")
        var part = WriteTransaction(connection, time: time, tombstonesMaximum: tombstonesMaximum)
        do throws(StorageError) {
            let value = try body(&part)
            if part.isAbandoned { try connection.run("ROLLBACK TO attempt") }
            try connection.run("RELEASE attempt")
            if !part.isAbandoned { for action in part.actions { afterCommit(action) } }
            return value
        } catch {
            if connection.isInTransaction {
                try connection.run("ROLLBACK TO attempt")
                try connection.run("RELEASE attempt")
            }
            throw error
        }
    }
}
