import PylonJSON
import PylonPolicy
import PylonSchema
import Testing

/// The app of these tests and of docs/policies.md.
enum Sample {
    static let todo = Entity(
        name: "Todo",
        fields: [
            optional("title", .string), optional("ownerId", .reference("User")), optional("done", .bool),
            optional("count", .int), optional("price", .float), optional("due", .datetime), optional("meta", .string),
            optional("orgId", .string),
        ])

    static let user = Entity(
        name: "User",
        fields: [
            optional("email", .string), optional("passwordHash", .string), optional("password", .string),
            optional("internalNotes", .string), optional("_score", .int),
        ])

    /// Callers by the names that tables use.
    static let callers: [String: PolicyIdentity] = [
        "nobody": .anonymous,
        "u1": PolicyIdentity(userID: "u1"),
        "guest g1": PolicyIdentity(userID: "g1", isGuest: true),
        "u1 of t1": PolicyIdentity(userID: "u1", tenantID: "t1"),
        "editor u1": PolicyIdentity(userID: "u1", roles: ["editor"]),
        "admin": .admin,
    ]

    static func optional(_ name: String, _ type: FieldType) -> Field {
        Field(name: name, type: type, isOptional: true)
    }

    /// A manifest with these entities, ``todo`` and ``user`` among them.
    static func manifest(
        _ policies: [PolicyRule], entities: [Entity] = [], actions: [Operation] = [],
        auth: AuthSettings = AuthSettings()
    ) -> Manifest {
        Manifest(
            name: "sample", appVersion: "1", entities: [todo, user] + entities, actions: actions, policies: policies,
            auth: auth)
    }

    /// Policies with one rule for all operations on todos.
    static func policies(_ rule: String) -> PolicySet {
        PolicySet(manifest([PolicyRule(name: "rule", entity: "Todo", allow: rule)]))
    }

    /// A row from its values, null for all others.
    static func row(_ values: [String: FieldValue]) -> (String) -> FieldValue {
        { values[$0] ?? .null }
    }

    /// A row of todos from JSON, by the types of the fields.
    static func row(json text: String) throws -> (String) -> FieldValue {
        let object = try #require(try JSONParser.parse(text).object)
        var values: [String: FieldValue] = [:]
        for member in object {
            values[member.key] =
                switch (try #require(todo.columnType(member.key)), member.value) {
                case (.bool, .bool(let value)): .bool(value)
                case (.int, .integer(let value)): .integer(value)
                case (.float, let value): .real(try #require(value.double))
                case (_, .string(let text)): .text(text)
                default: throw Mistyped(field: member.key)
                }
        }
        return row(values)
    }

    struct Mistyped: Error {
        let field: String
    }
}

/// The rule that somebody may touch what is theirs.
let ownerRule = "auth.userId == data.ownerId"
