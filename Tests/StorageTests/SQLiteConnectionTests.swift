internal import PylonSchema
internal import PylonTime
internal import Testing
@testable internal import PylonStorage

@Suite struct SQLiteConnectionTests {
    private let folder = TestFolder()

    private func connection(
        _ mode: SQLiteConnection.Mode = .writer, statements: Int = 8
    ) throws(StorageError) -> SQLiteConnection {
        var settings = DatabaseSettings()
        settings.statementsCached = statements
        return try SQLiteConnection(
            .file(folder.file("c.db")), mode: mode, settings: settings, clock: SystemClock())
    }

    @Test func `the file is set up for durable commits`() throws {
        let connection = try connection()
        #expect(try connection.first("PRAGMA journal_mode") { $0.text(0) } == "wal")
        #expect(try connection.first("PRAGMA synchronous") { $0.integer(0) } == 2)
        #expect(try connection.first("PRAGMA secure_delete") { $0.integer(0) } == 0)
        #expect(try connection.first("PRAGMA mmap_size") { $0.integer(0) } == 0)
    }

    @Test func `values come back as they were bound`() throws {
        let connection = try connection()
        let values: [FieldValue] = [
            .null, .bool(true), .integer(.min), .real(-0.5), .text(""), .text("é\0\u{1F600}"),
        ]
        try connection.rows("SELECT ?, ?, ?, ?, ?, ?", values) { row in
            #expect(row.value(0, as: nil) == .null)
            #expect(row.value(1, as: .bool) == .bool(true))
            #expect(row.value(2, as: .int) == .integer(.min))
            #expect(row.value(3, as: .float) == .real(-0.5))
            #expect(row.value(4, as: .string) == .text(""))
            #expect(row.value(5, as: .string) == .text("é\0\u{1F600}"))
            return true
        }
    }

    @Test func `a failure tells its code and its SQL, and no value`() throws {
        let connection = try connection()
        try connection.run("CREATE TABLE t (a TEXT CHECK (length(a) < 3))")
        #expect {
            try connection.run("INSERT INTO t VALUES (?)", [.text("secret")])
        } throws: { error in
            guard case .failed(let failure) = error as? StorageError else { return false }
            return failure.code == 19 && failure.extendedCode == 275 && failure.operation == "INSERT INTO t VALUES (?)"
                && !failure.message.contains("secret")
        }
    }

    @Test func `a quoted name that is no column is an error, not a string`() throws {
        let connection = try connection()
        try connection.run("CREATE TABLE t (a TEXT)")
        #expect(throws: StorageError.self) { try connection.run("SELECT \"b\" FROM t") }
    }

    @Test func `a reader cannot write`() throws {
        let writer = try connection()
        try writer.run("CREATE TABLE t (a TEXT)")
        let reader = try connection(.reader)
        #expect {
            try reader.run("INSERT INTO t VALUES (1)")
        } throws: { error in
            if case .readOnly = error as? StorageError { true } else { false }
        }
    }

    @Test func `a file that is no database is corrupt`() throws {
        try writeFile(folder.file("c.db"), [UInt8](repeating: 65, count: 8192))
        #expect {
            _ = try connection()
        } throws: { error in
            if case .corrupt = error as? StorageError { true } else { false }
        }
    }

    @Test func `the statement used longest ago makes room`() throws {
        let connection = try connection(statements: 3)
        let before = connection.statements.preparedTotal
        for sql in ["SELECT 1", "SELECT 2", "SELECT 3", "SELECT 1", "SELECT 4", "SELECT 1", "SELECT 3"] {
            try connection.run(sql)
        }
        #expect(connection.statements.preparedTotal - before == 4)
        #expect(connection.statements.count == 3)
        try connection.run("SELECT 2")
        #expect(connection.statements.preparedTotal - before == 5)
    }

    @Test func `a query may run within itself`() throws {
        let connection = try connection()
        let sql = "SELECT column1 FROM (VALUES (1), (2), (3))"
        var pairs = 0
        try connection.rows(sql) { _ throws(StorageError) in
            try connection.rows(sql) { _ in
                pairs += 1
                return true
            }
            return true
        }
        #expect(pairs == 9)
    }
}
