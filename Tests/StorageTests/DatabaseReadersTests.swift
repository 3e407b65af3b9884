internal import PylonSchema
internal import PylonTelemetry
internal import PylonTestSupport
internal import PylonThreading
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

    /// Looks up one row by its id.
    private final class Lookup: ReadJob {
        let id: String
        let found = Lock(false)
        let delivered = Mailbox<Result<Bool, StorageError>>()

        init(_ number: Int) {
            id = TestDatabase.id(number)
        }

        var isBrief: Bool { true }

        func run(_ transaction: inout ReadTransaction) throws(StorageError) {
            let isThere = try transaction.hasRow(DatabaseReadersTests.table, id: id)
            found.withLock { $0 = isThere }
        }

        func deliver(_ error: StorageError?) {
            delivered.put(error.map { .failure($0) } ?? .success(found.withLock { $0 }))
        }
    }

    @Test(arguments: [false, true]) func `brief reads are delivered each with its own result`(
        _ inMemory: Bool
    ) async throws {
        let test = try await TestDatabase(inMemory: inMemory)
        let database = test.database
        try await database.write { t throws(StorageError) in
            for number in 0..<100 where number.isMultiple(of: 2) {
                try t.insert(Self.table, id: TestDatabase.id(number), [:])
            }
        }
        let lookups = (0..<100).map { Lookup($0) }
        let late = Lookup(0)
        for lookup in lookups { database.read(lookup) }
        database.read(late, within: .zero)
        try await aside {
            for (number, lookup) in lookups.enumerated() {
                let result = try lookup.delivered.next()
                #expect(result == .success(number.isMultiple(of: 2)))
            }
            let result = try late.delivered.next()
            #expect(result == .failure(.deadlineExceeded))
        }
    }

    @Test func `a brief read sees what was durable before it was asked for`() async throws {
        let test = try await TestDatabase { $0.readers = 1 }
        let database = test.database
        for number in 0..<200 {
            // Something for the reader to be busy with, whose snapshot is older.
            database.read(Lookup(1000))
            try await database.write { t throws(StorageError) in
                try t.insert(Self.table, id: TestDatabase.id(number), [:])
            }
            let lookup = Lookup(number)
            database.read(lookup)
            try await aside {
                let result = try lookup.delivered.next()
                #expect(result == .success(true))
            }
        }
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
