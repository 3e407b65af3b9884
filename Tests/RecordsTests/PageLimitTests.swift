import PylonJSON
import PylonPolicy
import PylonRecords
import Testing

/// Limits and offsets at the ends of their range.
@Suite struct PageLimitTests {
    /// One row more than the limit is read; of the greatest number there is no more.
    @Test(arguments: [0, 1, Int.max - 1, Int.max])
    func anyLimitAndOffsetCanBeAskedFor(number: Int) async throws {
        let app = try await TestRecords()
        for name in ["a", "b"] { _ = try await app.insert("Project", #"{"name":"\#(name)"}"#) }
        let expected = min(number, 2)
        #expect(try await app.records.list("Project", limit: number, offset: 0, as: .admin).count == expected)
        #expect(
            try await app.records.list("Project", limit: nil, offset: number, as: .admin).count == max(2 - number, 0))
        let filter = try JSONParser.parse(#"{"$limit":\#(number),"$offset":0}"#)
        #expect(try await app.records.query("Project", filter, as: .admin).count == expected)
        // Todos are judged one by one for whoever is no administrator.
        _ = try await app.insert("Todo", #"{"title":"t","owner":"amy"}"#)
        let own = try await app.records.list("Todo", limit: number, offset: 0, as: TestRecords.amy)
        #expect(own.count == min(number, 1))
    }
}
