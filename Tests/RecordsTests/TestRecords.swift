import PylonBytes
import PylonJSON
import PylonPolicy
import PylonRecords
import PylonSchema
import PylonStorage
import PylonTime

/// The rows of a small app in a database in memory.
final class TestRecords: Sendable {
    let database: Database
    let records: RecordStore

    static let amy = PolicyIdentity(userID: "amy")
    static let bob = PolicyIdentity(userID: "bob")

    /// Todos belong to their owners; anyone may do anything to projects.
    init(hooks: [RecordHook] = [], limits: RecordLimits = RecordLimits()) async throws {
        let todo = Entity(
            name: "Todo",
            fields: [
                Field(name: "title", type: .string), Field(name: "owner", type: .string),
                Field(name: "rank", type: .int, isOptional: true),
                Field(name: "projectId", type: .reference("Project"), isOptional: true),
                Field(name: "passwordHash", type: .string, isOptional: true),
                Field(name: "ownerId", type: .string, isOptional: true),
            ],
            relations: [
                Relation(name: "project", target: "Project", field: "projectId"),
                Relation(name: "parts", target: "Todo", field: "projectId", isMany: true),
            ])
        let project = Entity(name: "Project", fields: [Field(name: "name", type: .string)])
        let manifest = Manifest(
            name: "test", appVersion: "1", entities: [todo, project],
            policies: [PolicyRule(name: "own", entity: "Todo", allow: "auth.userId == data.owner")])
        database = try Database(.memory)
        _ = try await SchemaPush.run(manifest, on: database)
        records = RecordStore(
            manifest, policies: PolicySet(manifest), hooks: hooks, database: database, clock: SystemClock(),
            limits: limits)
    }

    deinit {
        database.close()
    }

    /// Adds a row as an administrator; its id.
    func insert(_ entity: String, _ json: String) async throws -> String {
        try await records.insert(entity, try JSONParser.parse(json), as: .admin)
    }

    /// A row as an administrator sees it.
    func row(_ entity: String, _ id: String) async throws -> JSONValue {
        let row = try await records.row(entity, id: id, as: .admin)
        return try JSONParser.parse(String(decoding: row.unsafeBytes, as: UTF8.self))
    }

    /// The changes behind a place in the log.
    func changes(since sequence: Int64 = 0) async throws -> [Change] {
        try await database.read { transaction throws(StorageError) in
            try transaction.changes(since: sequence, limit: 100).changes
        }
    }
}

/// What an operation was refused with, in a word; empty when it was not.
func refusal<T>(_ body: () async throws(RecordError) -> T) async -> String {
    do throws(RecordError) {
        _ = try await body()
        return ""
    } catch {
        return switch error {
        case .entityNotFound: "entityNotFound"
        case .rowNotFound: "rowNotFound"
        case .relationNotFound: "relationNotFound"
        case .refused(let refusal): refusal.code
        case .hookFailed: "hookFailed"
        case .operationInvalid: "operationInvalid"
        case .tooManyOperations: "tooManyOperations"
        case .importBroken(let problem, _): problem.code.rawValue
        case .denied: "denied"
        case .input(let problem): problem.code.rawValue
        case .query(let problem): problem.code.rawValue
        case .rowDependentRule(let read): "rowDependentRule(\(read))"
        case .searchNotConfigured: "searchNotConfigured"
        case .responseTooLarge: "responseTooLarge"
        case .tooManyGroups(let maximum): "tooManyGroups(\(maximum))"
        case .storage(let reason): "\(reason)"
        }
    }
}
