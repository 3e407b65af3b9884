package import PylonPolicy
internal import PylonStorage
internal import PylonTelemetry

extension RecordStore {
    /// Operations of a batch that share one turn of the database's writer: others' writes come in between.
    private static let batchTurn = 256

    /// Makes changes in order, each for itself: those that are refused change nothing, and the others are durable when this returns.
    ///
    /// Throws `tooManyOperations`.
    package func batch(
        _ operations: [Result<RecordOperation, RecordError>], as identity: PolicyIdentity
    ) async throws(RecordError) -> [RecordOutcome] {
        try admit(operations.count)
        var outcomes: [RecordOutcome] = []
        outcomes.reserveCapacity(operations.count)
        var rest = operations[...]
        while !rest.isEmpty {
            let turn = rest.prefix(Self.batchTurn).map { prepare($0, as: identity) }
            rest = rest.dropFirst(Self.batchTurn)
            outcomes += await make(turn, as: identity)
        }
        return outcomes
    }

    /// Makes all changes or none, in order. Returns the outcomes up to the first refusal, which is the last of them.
    ///
    /// Throws `tooManyOperations`, and `storage` where it is no operation's fault.
    package func transact(
        _ operations: [Result<RecordOperation, RecordError>], as identity: PolicyIdentity
    ) async throws(RecordError) -> [RecordOutcome] {
        try admit(operations.count)
        let prepared = operations.map { prepare($0, as: identity) }
        let outcomes: [RecordOutcome]
        do throws(StorageError) {
            outcomes = try await database.write(bytes: prepared.reduce(0) { $0 + $1.bytes }) {
                [pipeline] transaction throws(StorageError) in
                var outcomes: [RecordOutcome] = []
                for step in prepared {
                    let outcome = try step.attempt(pipeline, as: identity, in: &transaction)
                    outcomes.append(outcome)
                    if outcome.refusal != nil {
                        transaction.abandon()
                        break
                    }
                }
                return outcomes
            }
        } catch {
            throw .storage(error)
        }
        if outcomes.last?.refusal == nil { for case .change(let change) in prepared { count(change) } }
        return outcomes
    }

    /// Makes changes in one turn of the writer, each in a savepoint of its own.
    func make(_ steps: [PreparedStep], as identity: PolicyIdentity) async -> [RecordOutcome] {
        do throws(StorageError) {
            let outcomes = try await database.write(bytes: steps.reduce(0) { $0 + $1.bytes }) {
                [pipeline] transaction throws(StorageError) in
                var outcomes: [RecordOutcome] = []
                for step in steps { outcomes.append(try step.attempt(pipeline, as: identity, in: &transaction)) }
                return outcomes
            }
            for case (.change(let change), let outcome) in zip(steps, outcomes) where outcome.refusal == nil {
                count(change)
            }
            return outcomes
        } catch {
            return steps.map { RecordOutcome(id: $0.id, refusal: .storage(error)) }
        }
    }

    /// An operation that is ready for the database, or why it never will be.
    func prepare(
        _ operation: Result<RecordOperation, RecordError>, as identity: PolicyIdentity
    ) -> PreparedStep {
        do throws(RecordError) {
            return .change(try pipeline.prepare(try operation.get(), as: identity))
        } catch {
            return .refused(error)
        }
    }

    private func admit(_ count: Int) throws(RecordError) {
        guard count > limits.operationsMaximum else { return }
        counters.limited.add()
        throw .tooManyOperations(maximum: limits.operationsMaximum)
    }
}

/// One step of a batch or transaction.
enum PreparedStep: Sendable {
    case change(PreparedChange)
    case refused(RecordError)

    var id: String? {
        if case .change(let change) = self { change.id } else { nil }
    }

    var bytes: Int {
        if case .change(let change) = self { change.bytes } else { 0 }
    }

    /// Makes the change, or none of it. Throws what is no fault of the change: then the whole transaction is lost.
    fileprivate func attempt(
        _ pipeline: WritePipeline, as identity: PolicyIdentity, in transaction: inout WriteTransaction
    ) throws(StorageError) -> RecordOutcome {
        switch self {
        case .refused(let reason): return RecordOutcome(id: nil, refusal: reason)
        case .change(let change):
            do throws(StorageError) {
                let refusal = try transaction.attempt { nested throws(StorageError) -> RecordError? in
                    let refusal = try pipeline.apply(change, as: identity, in: &nested)
                    if refusal != nil { nested.abandon() }
                    return refusal
                }
                return RecordOutcome(id: change.id, refusal: refusal)
            } catch {
                guard error.isOfTheChange else { throw error }
                return RecordOutcome(id: change.id, refusal: .storage(error))
            }
        }
    }
}

extension StorageError {
    /// Whether another change could still succeed in the same transaction.
    var isOfTheChange: Bool {
        switch self {
        case .uniqueViolation, .missingField, .unknownField, .invalidQuery, .tooLarge: true
        default: false
        }
    }
}
