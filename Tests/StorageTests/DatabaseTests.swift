internal import Glibc
internal import PylonSchema
internal import PylonTestSupport
internal import PylonTime
internal import Testing
@testable internal import PylonStorage

@Suite struct DatabaseTests {
    private static let table = EntityTable(TestDatabase.note)

    private static func insert(_ database: Database, _ numbers: Range<Int>, bytes: Int = 0) async throws {
        try await database.write { transaction throws(StorageError) in
            for number in numbers {
                let text = FieldValue.text(String(repeating: "x", count: bytes))
                try transaction.insert(table, id: TestDatabase.id(number), ["text": text])
            }
        }
    }

    private static func count(_ database: Database) async throws -> Int {
        try await database.read { t throws(StorageError) in try t.count(table) }
    }

    // MARK: Stops

    @Test func `an orderly stop is noticed`() async throws {
        let test = try await TestDatabase()
        #expect(!test.database.wasUnclean)
        test.database.close()
        let again = try Database(test.location)
        #expect(!again.wasUnclean)
        again.close()
        // Nothing is left in the WAL.
        var status = stat()
        #expect(stat(test.folder.file("test.db-wal"), &status) != 0 || status.st_size == 0)
    }

    @Test func `an unclean stop is noticed, and the file checked`() async throws {
        let test = try await TestDatabase()
        try await Self.insert(test.database, 0..<10)
        // A second server on the same file stands for the one after the crash: the mark says one is running.
        let after = try Database(test.location)
        #expect(after.wasUnclean)
        #expect(try await Self.count(after) == 10)
        after.close()
    }

    @Test func `a tool beside a server leaves the mark alone`() async throws {
        let test = try await TestDatabase()
        var settings = DatabaseSettings()
        settings.marksShutdown = false
        try Database(test.location, settings: settings).close()
        let after = try Database(test.location)
        #expect(after.wasUnclean)
        after.close()
    }

    @Test func `a damaged page is found after an unclean stop`() async throws {
        let test = try await TestDatabase()
        try await Self.insert(test.database, 0..<500, bytes: 200)
        test.database.close()
        let path = test.folder.file("test.db")
        // What a crash leaves: the mark of a running server.
        let raw = try SQLiteConnection(
            test.location, mode: .writer, settings: DatabaseSettings(), clock: SystemClock())
        try raw.setMeta(Meta.cleanShutdownKey, to: "0")
        try raw.run("PRAGMA wal_checkpoint(TRUNCATE)")
        let root = try #require(
            try raw.first("SELECT rootpage FROM sqlite_schema WHERE name = 'Note'") { $0.integer(0) })
        let descriptor = open(path, O_RDWR)
        // The last cells of the root page, which lead to its children.
        let garbage = [UInt8](repeating: 0xA5, count: 1000)
        #expect(pwrite(descriptor, garbage, garbage.count, off_t((root - 1) * 4096 + 3000)) == garbage.count)
        close(descriptor)
        #expect {
            _ = try Database(test.location)
        } throws: { error in
            guard case .corrupt(let failure) = error as? StorageError else { return false }
            return failure.code == 11
        }
    }

    @Test func `reading a damaged page is an error, not a crash`() async throws {
        let test = try await TestDatabase()
        try await Self.insert(test.database, 0..<2000, bytes: 200)
        test.database.close()
        let path = test.folder.file("test.db")
        let descriptor = open(path, O_RDWR)
        var status = stat()
        fstat(descriptor, &status)
        let garbage = [UInt8](repeating: 0xFF, count: 4096)
        for page in 40..<(Int(status.st_size) / 4096) { pwrite(descriptor, garbage, 4096, off_t(page * 4096)) }
        close(descriptor)
        let again = try Database(test.location)
        defer { again.close() }
        let error = await thrown { () throws(StorageError) in
            try await again.read { t throws(StorageError) in try t.rows(Self.table, RowQuery()).count }
        }
        guard case .corrupt = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    // MARK: Limits

    @Test func `a full disk fails writes, keeps what was acknowledged and goes on when there is room`() async throws {
        let test = try await TestDatabase { $0.pagesMaximum = 100 }
        var acknowledged = 0
        var failure: StorageError?
        while failure == nil, acknowledged < 1000 {
            failure = await thrown { () throws(StorageError) in
                try await test.database.write { [acknowledged] t throws(StorageError) in
                    let text = FieldValue.text(String(repeating: "x", count: 3000))
                    try t.insert(Self.table, id: TestDatabase.id(acknowledged), ["text": text])
                }
            }
            if failure == nil { acknowledged += 1 }
        }
        guard case .full = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(try await Self.count(test.database) == acknowledged)
        let removed = try await test.database.write { t throws(StorageError) in
            try t.delete(Self.table, id: TestDatabase.id(0))
        }
        #expect(removed)
        try await Self.insert(test.database, 5000..<5001, bytes: 100)
        #expect(try await Self.count(test.database) == acknowledged)
    }

    // MARK: Backup

    @Test func defect28ABackupIsOneStateOfALiveDatabase() async throws {
        let test = try await TestDatabase()
        let database = test.database
        // Rows come in pairs; a backup with half a pair would not be one state.
        try await Self.insert(database, 0..<2000, bytes: 500)
        let writing = Task {
            for number in 0..<200 {
                let first = 10_000 + number * 2
                try await Self.insert(database, first..<(first + 2), bytes: 500)
            }
        }
        let path = test.folder.file("copy.db")
        try await database.backUp(to: path)
        try await writing.value
        #expect(access(path + ".partial", F_OK) != 0)
        let copy = try Database(.file(path))
        defer { copy.close() }
        let count = try await Self.count(copy)
        #expect(count >= 2000 && count % 2 == 0)
        #expect(try await Self.count(database) == 2400)
        // The original was running: the copy is checked when it is first opened, and whole.
        #expect(copy.wasUnclean)
    }

    @Test func `a backup goes on while rows are written, and makes no writer wait`() async throws {
        let test = try await TestDatabase()
        try await Self.insert(test.database, 0..<3000, bytes: 1000)
        let settings = DatabaseSettings()
        let source = try SQLiteConnection(test.location, mode: .reader, settings: settings, clock: SystemClock())
        let writer = try SQLiteConnection(test.location, mode: .writer, settings: settings, clock: SystemClock())
        let path = test.folder.file("copy.db")
        var steps = 0
        var failure: StorageError?
        try OnlineBackup.copy(from: source, to: path) { step in
            steps = step
            do throws(StorageError) {
                try writer.run("INSERT INTO Note VALUES (?, 'late')", [.text(TestDatabase.id(9000 + step))])
            } catch {
                failure = error
            }
        }
        #expect(failure == nil)
        #expect(steps > 2)
        let copy = try SQLiteConnection(.file(path), mode: .writer, settings: settings, clock: SystemClock())
        #expect(try copy.first("SELECT count(*) FROM Note") { $0.integer(0) } == 3000)
        #expect(try writer.first("SELECT count(*) FROM Note") { $0.integer(0) } == 3000 + Int64(steps))
    }

    @Test func `a backup to nowhere fails and leaves nothing`() async throws {
        let test = try await TestDatabase()
        #expect(
            await thrown { () throws(StorageError) in
                try await test.database.backUp(to: test.folder.file("none/copy.db"))
            } != nil)
        let memory = try await TestDatabase(inMemory: true)
        let error = await thrown { () throws(StorageError) in
            try await memory.database.backUp(to: test.folder.file("copy.db"))
        }
        #expect(error == .unsupported("a backup of a database in memory"))
    }
}
