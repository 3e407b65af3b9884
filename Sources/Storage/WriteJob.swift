internal import PylonTime

/// One submitted write on its way through the writer's thread. Its result is delivered exactly once.
class WriteJob: @unchecked Sendable {
    // Safety: made by a caller, then touched by the writer's thread only; the queue between them orders the two.

    /// What to do when the changes are durable.
    fileprivate(set) var actions: [@Sendable () -> Void] = []

    /// Runs the body; false when its changes have to be taken back. May be called again after that happened for another
    /// job's sake.
    func run(_ transaction: inout WriteTransaction) -> Bool {
        preconditionFailure("a job without a body")
    }

    /// Whether the body's changes are to be kept, as far as it knows.
    var keepsChanges: Bool { preconditionFailure("a job without a body") }

    /// Delivers the result, or `error` in its place.
    func deliver(_ error: StorageError?) {
        preconditionFailure("a job without a caller")
    }

    fileprivate func take(_ actions: [@Sendable () -> Void]) {
        self.actions = actions
    }
}

/// A write with its body and its waiting caller.
final class PendingWrite<Value: Sendable>: WriteJob, @unchecked Sendable {
    // Safety: as for WriteJob.
    private let body: @Sendable (inout WriteTransaction) throws(StorageError) -> Value
    private var continuation: CheckedContinuation<Result<Value, StorageError>, Never>?
    private var result: Result<Value, StorageError>?
    private var isKept = false

    init(
        _ body: @escaping @Sendable (inout WriteTransaction) throws(StorageError) -> Value,
        _ continuation: CheckedContinuation<Result<Value, StorageError>, Never>
    ) {
        self.body = body
        self.continuation = continuation
    }

    override func run(_ transaction: inout WriteTransaction) -> Bool {
        do throws(StorageError) {
            result = .success(try body(&transaction))
            isKept = !transaction.isAbandoned
        } catch {
            result = .failure(error)
            isKept = false
        }
        take(isKept ? transaction.actions : [])
        return isKept
    }

    override var keepsChanges: Bool { isKept }

    override func deliver(_ error: StorageError?) {
        guard let continuation else { preconditionFailure("a result delivered twice") }
        self.continuation = nil
        if let error {
            continuation.resume(returning: .failure(error))
        } else if let result {
            continuation.resume(returning: result)
        } else {
            preconditionFailure("a result delivered before there is one")
        }
    }
}

/// A write whose caller does not wait.
final class SubmittedWrite: WriteJob, @unchecked Sendable {
    // Safety: as for WriteJob.
    private let body: @Sendable (inout WriteTransaction) throws(StorageError) -> Void
    private let done: @Sendable (StorageError?) -> Void
    private var error: StorageError?

    init(
        _ body: @escaping @Sendable (inout WriteTransaction) throws(StorageError) -> Void,
        _ done: @escaping @Sendable (StorageError?) -> Void
    ) {
        self.body = body
        self.done = done
    }

    override func run(_ transaction: inout WriteTransaction) -> Bool {
        do throws(StorageError) {
            try body(&transaction)
            error = nil
        } catch {
            self.error = error
        }
        take(keepsChanges ? transaction.actions : [])
        return keepsChanges
    }

    override var keepsChanges: Bool { error == nil }

    override func deliver(_ error: StorageError?) {
        done(error ?? self.error)
    }
}

/// A read among the writes, of a database in memory, which has one connection.
final class ReadOnWriter: WriteJob, @unchecked Sendable {
    // Safety: as for WriteJob.
    private let job: any ReadJob
    private let deadline: Instant
    private let clock: any Clock
    private var error: StorageError?

    init(_ job: any ReadJob, until deadline: Instant, clock: any Clock) {
        self.job = job
        self.deadline = deadline
        self.clock = clock
    }

    override func run(_ transaction: inout WriteTransaction) -> Bool {
        let gate = transaction.connection.gate
        defer { gate.deadline = .distantFuture }
        do throws(StorageError) {
            guard clock.now() < deadline else { throw .deadlineExceeded }
            gate.deadline = deadline
            var snapshot = ReadTransaction(transaction.connection)
            try job.run(&snapshot)
            error = nil
        } catch {
            self.error = error
        }
        return true
    }

    override var keepsChanges: Bool { true }

    override func deliver(_ error: StorageError?) {
        job.deliver(error ?? self.error)
    }
}
