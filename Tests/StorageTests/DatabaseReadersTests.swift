internal import PylonSchema
internal import PylonTelemetry
internal import PylonTestSupport
internal import PylonTime
internal import Testing
@testable internal import PylonStorage

@Suite struct DatabaseReadersTests {
    private static let table = EntityTable(TestDatabase.note)
    /// A query that never ends by itself.
    private static let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"

    @Test(arguments: [false, true]) func `a read that takes too long is interrupted`(_ inMemory: Bool) async throws {
        let test = try await TestDatabase(inMemory: inMemory)
        let error = await thrown { () throws(StorageError) in
            try await test.database.read(within: .milliseconds(30)) { transaction throws(StorageError) in
                try transaction.query(Self.endless) { _ in true }
            }
        }
        #expect(error == .deadlineExceeded)
        // The connection is as good as before.
        for _ in 0..<4 {
            #expect(try await test.database.read { t throws(StorageError) in try t.count(Self.table) } == 0)
        }
    }

    @Test func `a read that waited too long is not begun`() async throws {
        let test = try await TestDatabase { $0.readers = 1 }
        let database = test.database
        let error = await thrown { () throws(StorageError) in
            try await database.read(within: .zero) { _ in Issue.record("begun") }
        }
        #expect(error == .deadlineExceeded)
        #expect(database.counters.readsTimedOut.value == 1)
    }

    @Test func `a read sees one snapshot, whatever is committed meanwhile`() async throws {
        let test = try await TestDatabase()
        let database = test.database
        let begun = Mailbox<Void>()
        let goOn = Mailbox<Void>()
        async let counts = database.read { transaction throws(StorageError) in
            let before = try transaction.count(Self.table)
            begun.put(())
            _ = try? goOn.next()
            return [before, try transaction.count(Self.table)]
        }
        try await eventually { begun.count > 0 }
        try await database.write { t throws(StorageError) in try t.insert(Self.table, id: TestDatabase.id(1), [:]) }
        goOn.put(())
        #expect(try await counts == [0, 0])
        #expect(try await database.read { t throws(StorageError) in try t.count(Self.table) } == 1)
    }

    @Test func `a full queue refuses`() async throws {
        let test = try await TestDatabase {
            $0.readers = 1
            $0.readQueueCapacity = 1
        }
        let database = test.database
        let begun = Mailbox<Void>()
        let goOn = Mailbox<Void>()
        async let held: Void = database.read { _ in
            begun.put(())
            _ = try? goOn.next()
        }
        try await eventually { begun.count > 0 }
        async let waiting: Void = database.read { _ in }
        try await eventually { database.readsWaiting == 1 }
        #expect(await thrown { () throws(StorageError) in try await database.read { _ in } } == .overloaded)
        goOn.put(())
        _ = try await (held, waiting)
        #expect(database.counters.refused.value == 1)
    }

    @Test(arguments: [false, true]) func `a read cannot write`(_ inMemory: Bool) async throws {
        let test = try await TestDatabase(inMemory: inMemory)
        let error = await thrown { () throws(StorageError) in
            try await test.database.read { transaction throws(StorageError) in
                try transaction.query("DELETE FROM Note") { _ in true }
            }
        }
        #expect(error == .unsupported("a query that writes"))
    }

    @Test func `a database in memory reads what was written`() async throws {
        let test = try await TestDatabase(inMemory: true)
        try await test.database.write { t throws(StorageError) in
            try t.insert(Self.table, id: TestDatabase.id(1), ["text": .text("a")])
        }
        let row = try await test.database.read { t throws(StorageError) in
            try t.row(Self.table, id: TestDatabase.id(1))
        }
        #expect(row?[column: "text"] == .text("a"))
    }
}
