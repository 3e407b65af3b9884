import PylonBytes
import PylonJSON
import PylonPolicy
import PylonRecords
import PylonSchema
import PylonStorage
import PylonTime

/// A shop with something of everything that reads have to respect, in a database in memory.
final class TestShop: Sendable {
    let database: Database
    let records: RecordStore

    static let amy = PolicyIdentity(userID: "amy")
    static let bob = PolicyIdentity(userID: "bob")

    /// Shoes and users are open; orders belong to their owners and, in aggregates, to organisations; of notes each row has to be
    /// judged. Of users the password is hidden from all and the memo from all but administrators.
    private static func manifest() -> Manifest {
        let user = Entity(
            name: "User",
            fields: [
                Field(name: "name", type: .string), Field(name: "memo", type: .string, isOptional: true),
                Field(name: "rankId", type: .string, isOptional: true),
                Field(name: "passwordHash", type: .string, isOptional: true),
            ],
            relations: [
                Relation(name: "shoes", target: "Shoe", field: "sellerId", isMany: true),
                Relation(name: "orders", target: "Order", field: "buyerId", isMany: true),
                Relation(name: "notes", target: "Note", field: "userId", isMany: true),
                Relation(name: "boss", target: "User", field: "memo"),
                Relation(name: "elsewhere", target: "Shoe", field: "name", isMany: true),
            ],
            search: SearchSettings(text: ["name", "memo"], facets: ["rankId", "memo"], sortable: ["name", "memo"]))
        let shoe = Entity(
            name: "Shoe",
            fields: [
                Field(name: "title", type: .string), Field(name: "brand", type: .string, isOptional: true),
                Field(name: "new", type: .bool, isOptional: true), Field(name: "price", type: .float, isOptional: true),
                Field(name: "soldAt", type: .datetime, isOptional: true),
                Field(name: "sellerId", type: .reference("User"), isOptional: true),
            ],
            relations: [Relation(name: "seller", target: "User", field: "sellerId")],
            search: SearchSettings(text: ["title"], facets: ["brand", "new"], sortable: ["price"]))
        let order = Entity(
            name: "Order",
            fields: [
                Field(name: "buyerId", type: .string), Field(name: "amount", type: .int),
                Field(name: "orgId", type: .string, isOptional: true),
                Field(name: "text", type: .string, isOptional: true),
                Field(name: "shoeId", type: .reference("Shoe"), isOptional: true),
            ],
            relations: [Relation(name: "shoe", target: "Shoe", field: "shoeId")],
            search: SearchSettings(text: ["text"], facets: ["orgId"], sortable: ["amount"]))
        let note = Entity(
            name: "Note",
            fields: [
                Field(name: "text", type: .string), Field(name: "meta", type: .string, isOptional: true),
                Field(name: "userId", type: .string, isOptional: true),
            ], search: SearchSettings(text: ["text"], facets: ["userId"]))
        return Manifest(
            name: "shop", appVersion: "1", entities: [user, shoe, order, note],
            policies: [
                PolicyRule(name: "own", entity: "Order", allow: "auth.userId == data.buyerId"),
                PolicyRule(name: "public", entity: "Note", allow: "data.meta.visibility == 'public'"),
            ], auth: AuthSettings(hide: ["memo"]))
    }

    /// The shop without rows, or another app.
    init(_ manifest: Manifest? = nil, limits: RecordLimits = RecordLimits()) async throws {
        let manifest = manifest ?? Self.manifest()
        database = try Database(.memory)
        _ = try await SchemaPush.run(manifest, on: database)
        records = RecordStore(
            manifest, policies: PolicySet(manifest), database: database, clock: SystemClock(), limits: limits)
    }

    deinit {
        database.close()
    }

    /// Adds a row as an administrator; its id.
    @discardableResult
    func insert(_ entity: String, _ json: String) async throws -> String {
        try await records.insert(entity, try JSONParser.parse(json), as: .admin)
    }

    func aggregate(_ entity: String, _ json: String, as identity: PolicyIdentity = amy) async throws -> JSONValue {
        Self.json(try await records.aggregate(entity, try JSONParser.parse(json), as: identity))
    }

    func search(_ entity: String, _ json: String, as identity: PolicyIdentity = amy) async throws -> JSONValue {
        Self.json(try await records.search(entity, try JSONParser.parse(json), as: identity))
    }

    func query(_ entity: String, _ json: String, as identity: PolicyIdentity = amy) async throws -> JSONValue {
        let rows = try await records.query(entity, try JSONParser.parse(json), as: identity).rows
        return Self.json(Array(rows.unsafeBytes))
    }

    func graph(_ json: String, as identity: PolicyIdentity = amy) async throws -> JSONValue {
        Self.json(try await records.graph(try JSONParser.parse(json), as: identity))
    }

    /// What is not JSON is a string that no test expects.
    private static func json(_ bytes: [UInt8]) -> JSONValue {
        let text = String(decoding: bytes, as: UTF8.self)
        return (try? JSONParser.parse(text)) ?? .string("not JSON: \(text)")
    }

    /// What a request was refused with, in a word; empty when it was not.
    func refused(_ body: (TestShop) async throws -> JSONValue) async -> String {
        do {
            _ = try await body(self)
            return ""
        } catch let error as RecordError {
            return await refusal { () throws(RecordError) in throw error }
        } catch {
            return "\(error)"
        }
    }
}

extension JSONValue {
    /// The member `name` of each element of an array.
    func each(_ name: String) -> [JSONValue] { array?.map { $0[name] ?? .null } ?? [] }
}
