internal import Glibc
internal import PylonSchema
internal import Testing
@testable internal import PylonStorage

@Suite struct DatabaseFileTests {
    private static func path(_ test: TestDatabase) -> String { test.folder.file("test.db") }

    private static func insert(_ test: TestDatabase, _ number: Int) async throws {
        let table = EntityTable(TestDatabase.note)
        try await test.database.write { transaction throws(StorageError) in
            try transaction.insert(table, id: TestDatabase.id(number), ["text": .text("x")])
        }
    }

    private static func count(_ file: DatabaseFile) throws -> Int {
        try file.read { transaction throws(StorageError) in
            try transaction.rows(EntityTable(TestDatabase.note), RowQuery()).count
        }
    }

    @Test func readingSeesWhatIsCommittedBesideAnOpenDatabase() async throws {
        let test = try await TestDatabase()
        let file = DatabaseFile(Self.path(test))
        #expect(try Self.count(file) == 0)
        try await Self.insert(test, 1)
        #expect(try Self.count(file) == 1)
        #expect(file.byteCount > 0 && file.logByteCount > 0)
        try await Self.insert(test, 2)
        #expect(try Self.count(file) == 2)
    }

    @Test func nothingIsMadeWhereNothingIs() throws {
        let folder = TestFolder()
        let file = DatabaseFile(folder.file("none.db"))
        #expect(!file.exists && file.byteCount == 0 && file.logByteCount == 0)
        #expect(throws: StorageError.self) { try Self.count(file) }
        #expect(throws: StorageError.self) { try file.backUp(to: folder.file("copy.db")) }
        #expect(!file.exists && access(folder.file("copy.db"), F_OK) != 0)
    }

    @Test func aDatabaseIsNotBackedUpOverItselfUnderAnyName() async throws {
        let test = try await TestDatabase()
        try await Self.insert(test, 1)
        let file = DatabaseFile(Self.path(test))
        let other = test.folder.file("other.db")
        #expect(symlink(Self.path(test), other) == 0)
        for name in [Self.path(test), other] {
            #expect(throws: StorageError.unsupported("a backup of a database over itself")) {
                try file.backUp(to: name)
            }
        }
        #expect(try Self.count(file) == 1)
    }

    @Test func aRestoreIsRefusedWhileTheDatabaseIsOpen() async throws {
        let test = try await TestDatabase()
        try await Self.insert(test, 1)
        var settings = DatabaseSettings()
        settings.busyTimeout = .milliseconds(10)
        let file = DatabaseFile(Self.path(test), settings: settings)
        let copy = DatabaseFile(test.folder.file("copy.db"))
        try file.backUp(to: copy.path)
        try await Self.insert(test, 2)
        do throws(StorageError) {
            try file.restore(from: copy)
            Issue.record("restored under an open database")
        } catch {
            guard case .busy = error else { throw error }
        }
        try await Self.insert(test, 3)
        #expect(try Self.count(file) == 3)
        test.database.close()
        try file.restore(from: copy)
        #expect(try Self.count(file) == 1)
        let database = try Database(.file(file.path))
        #expect(!database.wasUnclean, "it was checked a moment ago")
        database.close()
    }

    @Test func aRestoreIsTheEndOfEveryCursor() async throws {
        let test = try await TestDatabase()
        let file = DatabaseFile(Self.path(test))
        let table = EntityTable(TestDatabase.note)
        func write(_ numbers: ClosedRange<Int>, to database: Database) async throws {
            for number in numbers {
                try await database.write { t throws(StorageError) in
                    try t.insert(table, id: TestDatabase.id(number), [:])
                    _ = try t.recordChange("Note", id: TestDatabase.id(number), .insert)
                }
            }
        }
        try await write(1...5, to: test.database)
        let copy = DatabaseFile(test.folder.file("copy.db"))
        try file.backUp(to: copy.path)
        try await write(6...9, to: test.database)
        test.database.close()
        try file.restore(from: copy)
        let database = try Database(test.location)
        defer { database.close() }
        // Past all numbers of the history that was replaced.
        try await write(10...19, to: database)
        for cursor: Int64 in 1...9 {
            let error = await thrown { () throws(StorageError) in
                try await database.read { t throws(StorageError) in try t.changes(since: cursor, limit: 9) }
            }
            guard case .resyncRequired = error else {
                Issue.record("a cursor of \(cursor) goes on")
                continue
            }
        }
        let page = try await database.read { t throws(StorageError) in try t.changes(since: 0, limit: 99) }
        #expect(page.changes.count == 15)
        let more = try await database.read { [page] t throws(StorageError) in
            try t.changes(since: page.cursor, limit: 9)
        }
        #expect(more.changes.isEmpty && !more.hasMore)
    }

    @Test func aRestoreThatFailsHalfWayChangesNothing() async throws {
        let test = try await TestDatabase()
        let copy = DatabaseFile(test.folder.file("copy.db"))
        let table = EntityTable(TestDatabase.note)
        try await test.database.write { transaction throws(StorageError) in
            for number in 0..<3000 { try transaction.insert(table, id: TestDatabase.id(number), [:]) }
        }
        try DatabaseFile(Self.path(test)).backUp(to: copy.path)
        let small = test.folder.file("small.db")
        let database = try Database(.file(small))
        database.close()
        var settings = DatabaseSettings()
        let pages = DatabaseFile(small).byteCount / 4096
        settings.pagesMaximum = pages + 2
        do throws(StorageError) {
            try DatabaseFile(small, settings: settings).restore(from: copy)
            Issue.record("restored into too little room")
        } catch {
            guard case .full = error else { throw error }
        }
        let again = try Database(.file(small))
        let tables = try await again.read { transaction throws(StorageError) in try transaction.shape().tables.count }
        #expect(tables == 0)
        again.close()
    }
}
