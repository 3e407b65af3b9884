internal import PylonSchema
internal import PylonTestSupport
internal import Testing
@testable internal import PylonStorage

/// Parts of a transaction that are taken back alone.
@Suite struct AttemptTests {
    private static let table = EntityTable(TestDatabase.note)

    @Test func `what throws or is abandoned leaves the rest alone`() async throws {
        let test = try await TestDatabase()
        let done = Mailbox<Int>()
        try await test.database.write { transaction throws(StorageError) in
            for number in 1...4 {
                let step = { (part: inout WriteTransaction) throws(StorageError) in
                    try part.insert(Self.table, id: TestDatabase.id(number), [:])
                    part.afterCommit { done.put(number) }
                    if number == 2 { part.abandon() }
                    if number == 3 { try part.insert(Self.table, id: TestDatabase.id(1), [:]) }
                }
                do throws(StorageError) {
                    try transaction.attempt(step)
                } catch {
                    #expect(error == .uniqueViolation(entity: "Note", fields: ["id"]))
                }
            }
        }
        let rows = try await test.database.read { t throws(StorageError) in try t.rows(Self.table, RowQuery()) }
        #expect(rows.map(\.id) == [TestDatabase.id(1), TestDatabase.id(4)])
        #expect(try done.take(2) == [1, 4])
        #expect(done.count == 0)
    }
}
