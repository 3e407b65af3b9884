/// A read on its way through a reader's thread: what it does there, and how its result is delivered.
///
/// It keeps the result of `run` until `deliver`, which is called exactly once, also when `run` was not. The two are never called at the same
/// time.
package protocol ReadJob: AnyObject, Sendable {
    /// Whether it looks up a few rows by their keys. Several such reads share a snapshot, which is one of after they were asked for.
    var isBrief: Bool { get }

    /// Reads, on a reader's thread.
    func run(_ transaction: inout ReadTransaction) throws(StorageError)

    /// Delivers what `run` made, or the error with which that ended or in whose place it was not called. On whatever thread: it must not
    /// wait for anything.
    func deliver(_ error: StorageError?)
}

/// A read with its body and its waiting caller.
final class PendingRead<Value: Sendable>: ReadJob, @unchecked Sendable {
    // Safety: `value` is touched by the one thread that runs and then delivers.
    private let body: @Sendable (inout ReadTransaction) throws(StorageError) -> Value
    private let continuation: CheckedContinuation<Result<Value, StorageError>, Never>
    private var value: Value?

    init(
        _ body: @escaping @Sendable (inout ReadTransaction) throws(StorageError) -> Value,
        _ continuation: CheckedContinuation<Result<Value, StorageError>, Never>
    ) {
        self.body = body
        self.continuation = continuation
    }

    var isBrief: Bool { false }

    func run(_ transaction: inout ReadTransaction) throws(StorageError) {
        value = try body(&transaction)
    }

    func deliver(_ error: StorageError?) {
        if let error {
            continuation.resume(returning: .failure(error))
        } else if let value {
            continuation.resume(returning: .success(value))
        } else {
            preconditionFailure("a result delivered before there is one")
        }
    }
}
