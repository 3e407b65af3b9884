import PylonJSON
import PylonPolicy
import PylonRecords
import Testing

@Suite struct UserDataTests {
    @Test func aUsersRowsAreFoundWhereverTheyAre() async throws {
        let app = try await TestRecords()
        let own = try await app.insert("Todo", #"{"title":"t","owner":"amy","ownerId":"amy","passwordHash":"secret"}"#)
        _ = try await app.insert("Todo", #"{"title":"t","owner":"bob","ownerId":"bob"}"#)
        let text = try await app.records.userData(of: "amy")
        let data = try JSONParser.parse(text.span)
        #expect(data["Todo"]?.array?.compactMap { $0["id"]?.string } == [own])
        #expect(data["Todo"]?.array?.first?["passwordHash"] == nil)
        #expect(data["Project"] == nil)
    }

    @Test func aPurgeTakesAllOfThemAndWhatAHookKeepsIsSaid() async throws {
        let keep = RecordHook(
            "keep",
            before: { (change) throws(RecordHook.Refusal) in
                guard change.kind == .delete, change.old?["title"] == "kept" else { return }
                throw RecordHook.Refusal(code: "KEPT", message: "It stays.")
            })
        let app = try await TestRecords(hooks: [keep])
        var rows: [Result<RecordOperation, RecordError>] = []
        for number in 0..<300 {
            rows.append(.success(.insert(entity: "Todo", Self.todo(number == 7 ? "kept" : "t"))))
        }
        _ = try await app.records.batch(rows, as: .admin)
        let others = try await app.insert("Todo", #"{"title":"t","owner":"bob","ownerId":"bob"}"#)
        let purged = try await app.records.purge("amy")
        #expect(purged.deleted == 299)
        #expect(purged.refusals.count == 1)
        #expect(try await app.row("Todo", others)["owner"] == "bob")
        let again = try await app.records.purge("amy")
        #expect(again.deleted == 0)
    }

    private static func todo(_ title: String) -> JSONValue {
        ["title": .string(title), "owner": "amy", "ownerId": "amy"]
    }
}
