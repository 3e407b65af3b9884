import PylonJSON
import PylonPolicy
import PylonRecords
import PylonStorage
import PylonTelemetry
import Testing

/// Many changes at once: each for itself, or all or none.
@Suite struct BatchingTests {
    private func operations(_ texts: String...) throws -> [Result<RecordOperation, RecordError>] {
        try texts.map { text in
            let json = try JSONParser.parse(text)
            do throws(RecordError) {
                return .success(try RecordOperation(json: json))
            } catch {
                return .failure(error)
            }
        }
    }

    private func insertion(_ title: String, entity: String = "Project") -> String {
        #"{"op":"insert","entity":"\#(entity)","data":{"name":"\#(title)"}}"#
    }

    @Test func aBatchKeepsWhatSucceedsAndSaysWhatDidNot() async throws {
        let app = try await TestRecords()
        let old = try await app.insert("Project", #"{"name":"old"}"#)
        let outcomes = try await app.records.batch(
            try operations(
                insertion("a"), insertion("b", entity: "Nothing"),
                #"{"op":"update","entity":"Project","id":"\#(old)","data":{"name":5}}"#,
                #"{"op":"update","entity":"Project","id":"none","data":{"name":"x"}}"#, #"{"op":"upsert"}"#,
                #"{"op":"delete","entity":"Project","id":"\#(old)"}"#, "7"),
            as: .admin)
        let words = await outcomes.asyncMap { outcome in
            await refusal { () async throws(RecordError) in if let reason = outcome.refusal { throw reason } }
        }
        #expect(
            words == [
                "", "entityNotFound", "VALIDATION_FAILED", "rowNotFound", "operationInvalid", "", "operationInvalid",
            ])
        let changes = try await app.changes()
        #expect(changes.map(\.kind) == [.insert, .delete])
        #expect(changes.first?.rowID == outcomes[0].id)
    }

    @Test func aBatchOfSeveralTurnsKeepsItsOrder() async throws {
        let app = try await TestRecords()
        let texts = (0..<600).map { insertion("\($0)") }
        let parsed = try texts.map {
            Result<RecordOperation, RecordError>.success(try RecordOperation(json: JSONParser.parse($0)))
        }
        let outcomes = try await app.records.batch(parsed, as: .admin)
        let ids = outcomes.compactMap(\.id)
        #expect(ids.count == 600 && ids == ids.sorted())
        #expect(try await app.changes(since: 500).map(\.rowID) == Array(ids[500...]))
    }

    /// spec/data.md 8, defect 20: an operation that is none, or fails, takes all others with it.
    @Test(
        arguments: [
            #"{"op":"upsert","entity":"Project","data":{}}"#, #"{"op":"insert","entity":"Project","data":{}}"#,
            #"{"op":"delete","entity":"Project","id":"none"}"#,
        ])
    func aTransactionMakesAllChangesOrNone(bad: String) async throws {
        let app = try await TestRecords()
        let outcomes = try await app.records.transact(
            try operations(insertion("a"), bad, insertion("b")), as: .admin)
        #expect(outcomes.count == 2)
        #expect(outcomes[0].refusal == nil)
        #expect(outcomes[1].refusal != nil)
        #expect(try await app.changes().isEmpty)
        #expect(app.records.counters.inserted.value == 0)
    }

    @Test func aTransactionIsLoggedLikeSingleWrites() async throws {
        let app = try await TestRecords()
        let outcomes = try await app.records.transact(try operations(insertion("a"), insertion("b")), as: .admin)
        #expect(outcomes.allSatisfy { $0.refusal == nil })
        #expect(try await app.changes().map(\.rowID) == outcomes.compactMap(\.id))
        #expect(app.records.counters.inserted.value == 2)
    }

    @Test func moreOperationsThanTheLimitAreRefused() async throws {
        var limits = RecordLimits()
        limits.operationsMaximum = 2
        let app = try await TestRecords(limits: limits)
        let three = try operations(insertion("a"), insertion("b"), insertion("c"))
        let refused = await refusal { () async throws(RecordError) in
            try await app.records.batch(three, as: .admin)
        }
        #expect(refused == "tooManyOperations")
        #expect(app.records.counters.limited.value == 1)
        #expect(try await app.changes().isEmpty)
    }

    @Test func theTombstoneOfARowHoldsItsLastImage() async throws {
        let app = try await TestRecords()
        let id = try await app.insert("Todo", #"{"title":"t","owner":"amy","rank":3}"#)
        try await app.records.delete("Todo", id: id, as: TestRecords.amy)
        let data = try #require(try await app.changes().first?.data)
        let image = try JSONParser.parse(data)
        #expect(image["owner"] == "amy")
        #expect(image["rank"] == 3)
        #expect(image["id"]?.string == id)
    }
}

extension Sequence {
    fileprivate func asyncMap<T>(_ transform: (Element) async -> T) async -> [T] {
        var made: [T] = []
        for element in self { made.append(await transform(element)) }
        return made
    }
}
