import PylonJSON
import PylonPolicy
import PylonRecords
import Synchronization
import Testing

/// What an app's hooks can do, whichever way a change comes (spec/data.md 8, defect 38).
@Suite struct RecordHookTests {
    @Test func aHookShapesWhatIsWritten() async throws {
        let shout = RecordHook(
            "shout", on: ["Project"],
            before: { change in
                change.values["name"] = .string((change.values["name"]?.string ?? "").uppercased())
            })
        let app = try await TestRecords(hooks: [shout])
        let id = try await app.insert("Project", #"{"name":"quiet"}"#)
        #expect(try await app.row("Project", id)["name"] == "QUIET")
        let todo = try await app.insert("Todo", #"{"title":"quiet","owner":"amy"}"#)
        #expect(try await app.row("Todo", todo)["title"] == "quiet")
    }

    @Test func aRefusalChangesNothingAndReachesTheCallerInItsOwnWords() async throws {
        let keep = RecordHook(
            "keep",
            before: { (change) throws(RecordHook.Refusal) in
                guard change.kind == .delete, change.old?["name"] == "kept" else { return }
                throw RecordHook.Refusal(code: "SOFT_DELETE", message: "It stays.", status: 409)
            })
        let app = try await TestRecords(hooks: [keep])
        let id = try await app.insert("Project", #"{"name":"kept"}"#)
        let refused = await refusal { () async throws(RecordError) in
            try await app.records.delete("Project", id: id, as: TestRecords.amy)
        }
        #expect(refused == "SOFT_DELETE")
        #expect(try await app.row("Project", id)["name"] == "kept")
        #expect(try await app.changes().count == 1)
    }

    @Test func whatAHookSetsIsCheckedByType() async throws {
        let spoil = RecordHook("spoil", on: ["Project"], before: { $0.values["name"] = 5 })
        let app = try await TestRecords(hooks: [spoil])
        let refused = await refusal { () async throws(RecordError) in
            try await app.records.insert("Project", ["name": "x"], as: TestRecords.amy)
        }
        #expect(refused == "hookFailed")
        #expect(try await app.changes().isEmpty)
    }

    @Test func hooksSeeBatchesTransactionsAndLinks() async throws {
        let seen = Mutex<[String]>([])
        let watch = RecordHook(
            "watch",
            after: { change in
                seen.withLock {
                    $0.append("\(change.kind.rawValue) \(change.entity) \(change.values["name"]?.string ?? "")")
                }
            })
        let app = try await TestRecords(hooks: [watch])
        let first = RecordOperation.insert(entity: "Project", ["name": "a"])
        let outcome = try await app.records.batch([.success(first)], as: .admin)
        _ = try await app.records.transact(
            [.success(.insert(entity: "Project", ["name": "b"])), .failure(.rowNotFound)], as: .admin)
        let todo = try await app.insert("Todo", #"{"title":"t","owner":"amy"}"#)
        let project = try #require(outcome.first?.id)
        try await app.records.link("Todo", id: todo, relation: "project", to: project, as: TestRecords.amy)
        try await app.records.delete("Todo", id: todo, as: TestRecords.amy)
        #expect(seen.withLock { $0 } == ["insert Project a", "insert Todo ", "update Todo ", "delete Todo "])
    }

    @Test func whoChangesWhatIsToldToHooks() async throws {
        let seen = Mutex<[String]>([])
        let watch = RecordHook(
            "watch", on: ["Todo"],
            after: { change in
                let old = change.old?["title"]?.string ?? "-"
                seen.withLock { $0.append("\(change.userID ?? "") \(change.isAdmin) \(old) \(change.values.keys)") }
            })
        let app = try await TestRecords(hooks: [watch])
        let todo = try await app.insert("Todo", #"{"title":"t","owner":"amy"}"#)
        try await app.records.update("Todo", id: todo, ["title": "u"], as: TestRecords.amy)
        #expect(
            seen.withLock { $0 } == [
                #"__admin__ true - ["title", "owner", "rank", "projectId", "passwordHash", "ownerId"]"#,
                #"amy false t ["title"]"#,
            ])
    }
}
