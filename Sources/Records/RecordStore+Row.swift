package import PylonBytes
internal import PylonJSON
package import PylonPolicy
internal import PylonSchema
internal import PylonStorage

extension RecordStore {
    /// Passes a row as a JSON object to `then`, at once or later, on whatever thread has it; `then` must not wait for anything. It fails with
    /// `entityNotFound`, `rowNotFound`, `denied` and `storage`.
    package func row(
        _ entity: String, id: String, as identity: PolicyIdentity,
        then: @escaping @Sendable (Result<SharedBytes, RecordError>) -> Void
    ) {
        do throws(RecordError) {
            let table = try table(entity)
            let decision = policies.decide(.read, entity, identity)
            let judge: @Sendable (StoredRow) -> PolicyDecision = { [policies] row in
                policies.decide(.read, entity, identity) { row[column: $0] }
            }
            database.read(
                RowLookup(
                    id: id, encoder: encoder(table, for: identity), judge: decision.isAllowed ? nil : judge, then: then)
            )
        } catch {
            then(.failure(error))
        }
    }

    /// A row as a JSON object, for whoever awaits it. Throws what the other fails with.
    package func row(_ entity: String, id: String, as identity: PolicyIdentity) async throws(RecordError) -> SharedBytes
    {
        let result = await withCheckedContinuation { continuation in
            row(entity, id: id, as: identity) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }
}

/// The read of one row by its id.
private final class RowLookup: ReadJob, @unchecked Sendable {
    // Safety: `result` is touched by the one thread that runs and then delivers.
    private let id: String
    private let encoder: RowEncoder
    /// Says whether the row may be read; nil when every row may.
    private let judge: (@Sendable (StoredRow) -> PolicyDecision)?
    private let then: @Sendable (Result<SharedBytes, RecordError>) -> Void
    private var result: Result<SharedBytes, RecordError> = .failure(.rowNotFound)

    init(
        id: String, encoder: RowEncoder, judge: (@Sendable (StoredRow) -> PolicyDecision)?,
        then: @escaping @Sendable (Result<SharedBytes, RecordError>) -> Void
    ) {
        self.id = id
        self.encoder = encoder
        self.judge = judge
        self.then = then
    }

    var isBrief: Bool { true }

    func run(_ transaction: inout ReadTransaction) throws(StorageError) {
        var json = JSONWriter(capacity: 512)
        if let judge {
            guard let row = try transaction.row(encoder.table, id: id) else { return }
            let decision = judge(row)
            guard decision.isAllowed else {
                result = .failure(RecordError(refusedBy: decision))
                return
            }
            encoder.write(row, to: &json)
        } else if try !transaction.writeRow(encoder, id: id, to: &json) {
            return
        }
        result = .success(SharedBytes(json.finish()))
    }

    func deliver(_ error: StorageError?) {
        then(error.map { .failure(.storage($0)) } ?? result)
    }
}
