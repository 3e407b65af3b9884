internal import CSQLiteFloor
internal import Glibc

/// SQLite called from a loop in C, in a process of its own on the server's core.
enum SQLiteFloor {
    static let grammar = Arguments.Grammar(
        values: ["core", "db", "schema", "rows-per-commit", "milliseconds", "parameters"], switches: ["logged"])

    /// What a loop did.
    struct Result {
        var operations: Int
        var rows: Int
        var bytes: Int
        var seconds: Double

        var perSecond: Double { Double(operations) / max(seconds, 1e-9) }
        var microsecondsEach: Double { seconds * 1e6 / Double(max(operations, 1)) }
    }

    /// Inserts rows into a fresh database with the tables of the one called `schema`, so many to a commit.
    static func insert(
        rowsPerCommit: Int, isLogged: Bool, schema: String, seconds: Int, _ folder: ScratchFolder,
        _ signals: Interruption
    ) throws(BenchError) -> Result {
        folder.removeDatabase("floor.db")
        defer { folder.removeDatabase("floor.db") }
        return try start(
            ["--db", folder.file("floor.db"), "--schema", folder.file(schema), "--rows-per-commit", "\(rowsPerCommit)"]
                + (isLogged ? ["--logged"] : []), seconds: seconds, signals)
    }

    /// Runs statements over and over on the database at `path`; sets of parameters take turns.
    static func read(
        _ statements: [String], parameters: [[String]] = [], path: String, seconds: Int, _ signals: Interruption
    ) throws(BenchError) -> Result {
        let sets = parameters.map { $0.joined(separator: "\t") }.joined(separator: "\n")
        return try start(
            ["--db", path, "--parameters=\(sets)"], statements: statements, seconds: seconds, signals)
    }

    private static func start(
        _ words: [String], statements: [String] = [], seconds: Int, _ signals: Interruption
    ) throws(BenchError) -> Result {
        let process = try ChildProcess(
            subcommand: ["sqlite-floor", "--core", "\(ServerUnderTest.core)", "--milliseconds", "\(seconds * 1000)"]
                + words + ["--"] + statements)
        let line = try process.receive("the floor", within: .seconds(seconds + 20), signals)
        let answer = try ClientAnswer(line, expecting: "done")
        return Result(
            operations: answer["operations"], rows: answer["rows"], bytes: answer["bytes"],
            seconds: Double(answer["took"]) / 1e6)
    }

    // MARK: The process itself

    /// Reads when statements are given, inserts when not; prints one `done` line.
    static func run(_ arguments: Arguments) throws(BenchError) {
        let seconds = Double(try arguments.number("milliseconds", in: 1...3_600_000)) / 1000
        let path = try arguments.string("db")
        var result = csqlitefloor_result()
        let code =
            arguments.rest.isEmpty
            ? try insert(arguments, path, seconds, &result)
            : read(arguments.rest, try arguments.string("parameters", default: ""), path, seconds, &result)
        guard code == 0 else {
            let message = withUnsafeBytes(of: &result.message) { $0.prefix { $0 != 0 } + [] }
            throw .process("the floor, code \(code): \(String(decoding: message, as: UTF8.self))")
        }
        Console.print(
            """
            done operations=\(result.operations) rows=\(result.rows) bytes=\(result.bytes) \
            took=\(result.nanoseconds / 1000)
            """)
    }

    private static func insert(
        _ arguments: Arguments, _ path: String, _ seconds: Double, _ result: inout csqlitefloor_result
    ) throws(BenchError) -> Int32 {
        let schema = try arguments.string("schema")
        let rowsPerCommit = try arguments.number("rows-per-commit", in: 1...100_000)
        return path.withCString { path in
            schema.withCString { schema in
                var options = csqlitefloor_inserts(
                    path: path, schema_path: schema, is_logged: arguments.has("logged") ? 1 : 0,
                    rows_per_commit: Int32(rowsPerCommit), seconds: seconds)
                return csqlitefloor_insert(&options, &result)
            }
        }
    }

    private static func read(
        _ statements: [String], _ parameters: String, _ path: String, _ seconds: Double,
        _ result: inout csqlitefloor_result
    ) -> Int32 {
        let sets = parameters.split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
        return ChildProcess.withCStrings(sets.flatMap(\.self)) { parameters in
            ChildProcess.withCStrings(statements) { texts in
                path.withCString { path in
                    var options = csqlitefloor_reads()
                    options.path = path
                    options.statement_count = Int32(statements.count)
                    options.parameters_per_set = Int32(sets.first?.count ?? 0)
                    options.set_count = Int32(sets.count)
                    options.seconds = seconds
                    return texts.withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: statements.count) {
                        options.statements = $0
                        let count = sets.reduce(0) { $0 + $1.count }
                        return parameters.withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: count) {
                            options.parameters = $0
                            return csqlitefloor_read(&options, &result)
                        }
                    }
                }
            }
        }
    }
}
