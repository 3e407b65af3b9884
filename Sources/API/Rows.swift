internal import PylonBytes
internal import PylonGateway
internal import PylonHTTP
public import PylonJSON
internal import PylonPolicy
internal import PylonRecords

/// The rows of the app's entities, for code that runs in the server: the same checks, rules, hooks and errors as over HTTP.
public struct Rows: Sendable {
    private let records: RecordStore
    private let identity: PolicyIdentity

    init(_ records: RecordStore, as identity: PolicyIdentity) {
        self.records = records
        self.identity = identity
    }

    /// The row with that id; nil where there is none. Throws `POLICY_DENIED` for one that is not the caller's to read.
    public func row(_ entity: String, id: String) async throws(ActionError) -> JSONObject? {
        do throws(RecordError) {
            return Self.objects(in: try await records.row(entity, id: id, as: identity)).first
        } catch {
            if case .rowNotFound = error { return nil }
            throw ActionError(error)
        }
    }

    /// The rows that a filter asks for, in the language of `POST /api/query/:entity`.
    public func query(_ entity: String, _ filter: JSONValue = [:]) async throws(ActionError) -> [JSONObject] {
        try await attempt { () async throws(RecordError) in
            Self.objects(in: try await records.query(entity, filter, as: identity).rows)
        }
    }

    /// Adds a row; its id.
    public func insert(_ entity: String, _ row: JSONValue) async throws(ActionError) -> String {
        try await attempt { () async throws(RecordError) in try await records.insert(entity, row, as: identity) }
    }

    /// Changes the given fields of a row.
    public func update(_ entity: String, id: String, _ fields: JSONValue) async throws(ActionError) {
        try await attempt { () async throws(RecordError) in
            try await records.update(entity, id: id, fields, as: identity)
        }
    }

    /// Removes a row.
    public func delete(_ entity: String, id: String) async throws(ActionError) {
        try await attempt { () async throws(RecordError) in try await records.delete(entity, id: id, as: identity) }
    }

    /// One change of a transaction.
    public enum Change: Sendable {
        case insert(String, JSONValue)
        case update(String, id: String, JSONValue)
        case delete(String, id: String)
    }

    /// Makes all changes or none, in order; the ids of their rows. Throws the first refusal.
    public func transact(_ changes: [Change]) async throws(ActionError) -> [String] {
        let operations: [Result<RecordOperation, RecordError>] = changes.map { change in
            switch change {
            case .insert(let entity, let row): .success(.insert(entity: entity, row))
            case .update(let entity, let id, let fields): .success(.update(entity: entity, id: id, fields))
            case .delete(let entity, let id): .success(.delete(entity: entity, id: id))
            }
        }
        let outcomes = try await attempt { () async throws(RecordError) in
            try await records.transact(operations, as: identity)
        }
        if let refusal = outcomes.last?.refusal { throw ActionError(refusal) }
        return outcomes.compactMap(\.id)
    }

    private func attempt<Value>(
        _ body: () async throws(RecordError) -> Value
    ) async throws(ActionError) -> Value {
        do throws(RecordError) {
            return try await body()
        } catch {
            throw ActionError(error)
        }
    }

    /// What the server itself wrote is JSON, however long.
    private static func objects(in text: SharedBytes) -> [JSONObject] {
        guard let json = try? JSONParser.parse(text.unsafeBytes, limits: JSONLimits(byteCountMaximum: .max)) else {
            preconditionFailure("rows that are no JSON")
        }
        return json.object.map { [$0] } ?? json.array?.compactMap(\.object) ?? []
    }
}

extension ActionError {
    init(_ error: RecordError) {
        let (status, code, message) = ErrorBody.parts(of: .record(error))
        self.init(code: code, message: message, status: Int(status.code))
    }
}
