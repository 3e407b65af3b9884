import PylonJSON
import PylonPolicy
import PylonRecords
import PylonStorage
import Testing

@Suite struct LookupTests {
    @Test func findsTheFirstRowThatTheCallerMayRead() async throws {
        let test = try await TestRecords()
        _ = try await test.insert("Todo", #"{"title":"a/b","owner":"bob","rank":7}"#)
        let id = try await test.insert("Todo", #"{"title":"a/b","owner":"amy","rank":7}"#)
        for (field, value) in [("title", "a/b"), ("rank", "7"), ("id", id)] {
            let row = try await test.records.lookUp("Todo", field: field, is: value, as: TestRecords.amy)
            let json = try JSONParser.parse(String(decoding: row, as: UTF8.self))
            #expect(json["id"]?.string == id, "\(field)")
            #expect(json["passwordHash"] == nil)
        }
    }

    @Test func doesNotTellWhetherARowOfOthersIsThere() async throws {
        let records = try await TestRecords()
        _ = try await records.insert("Todo", #"{"title":"x","owner":"bob","passwordHash":"h"}"#)
        func look(_ entity: String, _ field: String, _ value: String) async -> String {
            await refusal { () throws(RecordError) in
                try await records.records.lookUp(entity, field: field, is: value, as: TestRecords.amy)
            }
        }
        #expect(await look("Todo", "title", "x") == "rowNotFound")
        #expect(await look("Todo", "title", "y") == "rowNotFound")
        #expect(await look("Todo", "rank", "seven") == "rowNotFound")
        #expect(await look("None", "title", "x") == "entityNotFound")
        #expect(await look("Todo", "none", "x") == "INVALID_COLUMN")
        #expect(await look("Todo", "passwordHash", "h") == "INVALID_COLUMN")
    }
}

@Suite struct LinkingTests {
    @Test func linksAndUnlinksWithAnEntryInTheChangeLog() async throws {
        let test = try await TestRecords()
        let project = try await test.insert("Project", #"{"name":"p"}"#)
        let todo = try await test.insert("Todo", #"{"title":"t","owner":"amy"}"#)
        let start = try #require(try await test.changes().last).sequence
        try await test.records.link("Todo", id: todo, relation: "project", to: project, as: TestRecords.amy)
        #expect(try await test.row("Todo", todo)["projectId"]?.string == project)
        let linked = try await test.changes(since: start)
        #expect(linked.map(\.rowID) == [todo])
        try await test.records.unlink("Todo", id: todo, relation: "project", as: TestRecords.amy)
        #expect(try await test.row("Todo", todo)["projectId"]?.isNull == true)
        #expect(try await test.changes(since: try #require(linked.last).sequence).map(\.rowID) == [todo])
    }

    /// The rule judges the stored row, not what the request says.
    @Test func defect5LinkingIsAnUpdateOfTheStoredRow() async throws {
        let test = try await TestRecords()
        let project = try await test.insert("Project", #"{"name":"p"}"#)
        let todo = try await test.insert("Todo", #"{"title":"t","owner":"amy"}"#)
        let start = try #require(try await test.changes().last).sequence
        for caller in [TestRecords.bob, .anonymous] {
            let link = await refusal { () throws(RecordError) in
                try await test.records.link("Todo", id: todo, relation: "project", to: project, as: caller)
            }
            let unlink = await refusal { () throws(RecordError) in
                try await test.records.unlink("Todo", id: todo, relation: "project", as: caller)
            }
            #expect([link, unlink] == ["denied", "denied"])
        }
        #expect(try await test.row("Todo", todo)["projectId"]?.isNull == true)
        #expect(try await test.changes(since: start).isEmpty)
    }

    @Test func refusesWhatIsNotThere() async throws {
        let test = try await TestRecords()
        let project = try await test.insert("Project", #"{"name":"p"}"#)
        let todo = try await test.insert("Todo", #"{"title":"t","owner":"amy"}"#)
        let nobody = String(repeating: "0", count: 40)
        func link(_ entity: String, _ id: String, _ relation: String, _ target: String) async -> String {
            await refusal { () throws(RecordError) in
                try await test.records.link(entity, id: id, relation: relation, to: target, as: TestRecords.amy)
            }
        }
        #expect(await link("Todo", todo, "project", nobody) == "rowNotFound")
        #expect(try await test.row("Todo", todo)["projectId"]?.isNull == true)
        #expect(await link("Todo", nobody, "project", project) == "rowNotFound")
        #expect(await link("Todo", todo, "none", project) == "relationNotFound")
        #expect(await link("Todo", todo, "parts", todo) == "relationNotFound")
        #expect(await link("None", todo, "project", project) == "entityNotFound")
    }
}
