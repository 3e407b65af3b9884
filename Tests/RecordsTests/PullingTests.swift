import PylonJSON
import PylonPolicy
import PylonRecords
import PylonStorage
import Testing

/// Todos are their owners', projects anybody's.
@Suite struct PullingTests {
    private func pull(
        _ app: TestRecords, since: Int64 = 0, limit: Int? = nil, as identity: PolicyIdentity = TestRecords.amy
    ) async throws -> (page: PullPage, changes: [JSONValue]) {
        let page = try await app.records.pull(since: since, limit: limit, as: identity)
        return (page, try JSONParser.parse(String(decoding: page.changes, as: UTF8.self)).array ?? [])
    }

    private func kinds(_ changes: [JSONValue]) -> [String] {
        changes.compactMap { $0["kind"]?.string }
    }

    @Test func eachRowComesOnceInItsLatestState() async throws {
        let app = try await TestRecords()
        let first = try await app.insert("Todo", #"{"title":"a","owner":"amy","passwordHash":"secret"}"#)
        let second = try await app.insert("Todo", #"{"title":"b","owner":"amy"}"#)
        let (before, _) = try await pull(app)
        try await app.records.update("Todo", id: first, ["title": "c"], as: TestRecords.amy)
        let (page, changes) = try await pull(app)
        #expect(changes.compactMap { $0["row_id"]?.string } == [second, first])
        #expect(kinds(changes) == ["insert", "insert"])
        let keys = changes.last?["data"]?.object?.keys ?? []
        #expect(keys.contains("id") && keys.contains("rank") && !keys.contains("passwordHash"))
        #expect(changes.last?["data"]?["title"] == "c")
        #expect(changes.last?["seq"]?.int == Int(page.cursor))
        #expect(changes.last?["timestamp"]?.string?.hasSuffix("Z") == true)
        #expect(!page.hasMore)
        let later = try await pull(app, since: before.cursor).changes
        #expect(kinds(later) == ["update"])
        #expect(later.first?["data"]?["owner"] == "amy")
        #expect(try await pull(app, since: page.cursor).changes.isEmpty)
    }

    @Test func defect10TheStoredRowIsJudgedAndOfADeletedOneItsLastImage() async throws {
        let app = try await TestRecords()
        let id = try await app.insert("Todo", #"{"title":"a","owner":"amy"}"#)
        let start = try await pull(app).page.cursor
        try await app.records.update("Todo", id: id, ["title": "b"], as: TestRecords.amy)
        #expect(kinds(try await pull(app, since: start).changes) == ["update"])
        #expect(try await pull(app, as: TestRecords.bob).changes.isEmpty)
        #expect(try await pull(app, as: .anonymous).changes.isEmpty)
        try await app.records.delete("Todo", id: id, as: TestRecords.amy)
        let gone = try await pull(app, since: start).changes
        #expect(kinds(gone) == ["delete"])
        #expect(gone.first?["row_id"]?.string == id)
        #expect(gone.first?["data"] == nil)
        #expect(try await pull(app, as: TestRecords.bob).changes.isEmpty)
        #expect(kinds(try await pull(app, as: .admin).changes) == ["delete"])
    }

    @Test func aTombstoneWithoutAnImageIsForThoseWhoNeedNone() async throws {
        let app = try await TestRecords()
        try await app.database.write { transaction throws(StorageError) in
            for entity in ["Todo", "Project", "Gone"] {
                _ = try transaction.recordChange(entity, id: "x", .delete)
            }
        }
        #expect(try await pull(app).changes.compactMap { $0["entity"]?.string } == ["Project"])
        #expect(try await pull(app, as: .admin).changes.compactMap { $0["entity"]?.string } == ["Todo", "Project"])
    }

    @Test func pagesAreFilledPastWhatOthersHave() async throws {
        let app = try await TestRecords()
        for number in 0..<30 {
            _ = try await app.insert("Todo", #"{"title":"\#(number)","owner":"\#(number % 10 == 9 ? "amy" : "bob")"}"#)
        }
        let (page, changes) = try await pull(app, limit: 2)
        #expect(changes.compactMap { $0["data"]?["title"]?.string } == ["9", "19"])
        #expect(page.hasMore)
        let (last, rest) = try await pull(app, since: page.cursor, limit: 2)
        #expect(rest.compactMap { $0["data"]?["title"]?.string } == ["29"])
        #expect(!last.hasMore)
        #expect(last.cursor == 30)
    }

    @Test(arguments: [(nil, 100), (0, 100), (-5, 100), (7, 7), (1000, 100)] as [(Int?, Int)])
    func aPageHasAHundredChangesAtMost(limit: Int?, count: Int) async throws {
        let app = try await TestRecords()
        for number in 0..<101 { _ = try await app.insert("Project", #"{"name":"\#(number)"}"#) }
        let (page, changes) = try await pull(app, limit: limit)
        #expect(changes.count == count)
        #expect(page.cursor == count && page.hasMore)
    }

    /// One request looks at so many changes and no more; the cursor moves on all the same.
    @Test func whatOneRequestLooksAtIsBounded() async throws {
        let app = try await TestRecords()
        try await app.database.write { transaction throws(StorageError) in
            for number in 0..<2150 { _ = try transaction.recordChange("Gone", id: "\(number)", .delete) }
        }
        let (page, changes) = try await pull(app)
        #expect(changes.isEmpty && page.hasMore)
        #expect(page.cursor == app.records.limits.pullScanMaximum)
        let rest = try await pull(app, since: page.cursor).page
        #expect(rest.cursor == 2150 && !rest.hasMore)
    }

    @Test func aCursorThatCannotBeContinuedFromIsRefused() async throws {
        let app = try await TestRecords()
        _ = try await app.insert("Project", #"{"name":"a"}"#)
        try await app.database.write { transaction throws(StorageError) in
            for number in 0..<3 { _ = try transaction.recordChange("Project", id: "\(number)", .delete) }
            try transaction.pruneTombstones(keeping: 1)
        }
        for cursor in [1, 2, 5, .max] as [Int64] {
            #expect(
                await refusal { () throws(RecordError) in
                    try await app.records.pull(since: cursor, limit: nil, as: .admin)
                }.contains("resync required"))
        }
        #expect(kinds(try await pull(app, since: 3).changes) == ["delete"])
        #expect(kinds(try await pull(app, since: 0).changes) == ["insert", "delete"])
        #expect(kinds(try await pull(app, since: -1).changes) == ["insert", "delete"])
    }
}
