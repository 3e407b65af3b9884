internal import Glibc
internal import PylonSchema
internal import PylonTelemetry
internal import Testing
@testable internal import PylonStorage

/// kill -9 at any moment loses no acknowledged write.
@Suite struct CrashTests {
    private static let table = EntityTable(TestDatabase.note)

    @Test(arguments: [1, 40, 200, 500, 900])
    func `every acknowledged write is there after a kill`(_ killedAfter: Int) async throws {
        let folder = TestFolder()
        let path = folder.file("crash.db")
        let acknowledgements = folder.file("acknowledged")
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = path as String, acknowledgements = acknowledgements as String, killedAfter] in
            try await writeUntilKilled(path, acknowledgements, killedAfter)
        }
        let acknowledged = try readFile(acknowledgements).split(separator: 10).map {
            String(decoding: $0, as: UTF8.self)
        }
        #expect(acknowledged.count >= killedAfter)
        let database = try Database(.file(path))
        defer { database.close() }
        #expect(database.wasUnclean)
        let found = try await database.read { transaction throws(StorageError) in
            let rows = try transaction.rows(Self.table, RowQuery()).map(\.id)
            let changes = try transaction.changes(since: 0, limit: .max / 2).changes.map(\.rowID)
            return (rows: Set(rows), changes: Set(changes))
        }
        #expect(found.rows.isSuperset(of: acknowledged))
        // A row and its change are there together.
        #expect(found.rows == found.changes)
    }

    /// The kernel refuses to let files grow, as a disk without space does: commits fail, and the server goes on.
    @Test func `a disk that refuses commits loses nothing that was acknowledged`() async {
        let folder = TestFolder()
        await #expect(processExitsWith: .success) { [path = folder.file("full.db") as String] in
            try await writeBeyondTheLimit(path)
        }
    }
}

/// Writes until the process may not make its files larger, then raises the limit and writes again.
private func writeBeyondTheLimit(_ path: String) async throws {
    signal(SIGXFSZ, SIG_IGN)
    let database = try Database(.file(path))
    let table = EntityTable(TestDatabase.note)
    try await database.write { t throws(StorageError) in
        _ = try t.execute(TestDatabase.createTable(TestDatabase.note))
    }
    @Sendable func insert(_ number: Int) async throws(StorageError) {
        try await database.write { t throws(StorageError) in
            let text = FieldValue.text(String(repeating: "x", count: 2000))
            try t.insert(table, id: TestDatabase.id(number), ["text": text])
        }
    }
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    let hard = limit.rlim_max
    limit.rlim_cur = 1 << 20
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    var acknowledged = 0
    var failures = 0
    for number in 0..<2000 where failures < 3 {
        if await thrown({ () throws(StorageError) in try await insert(number) }) == nil {
            acknowledged += 1
        } else {
            failures += 1
        }
    }
    guard failures == 3, acknowledged > 10 else { exit(2) }
    limit.rlim_cur = hard
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    try await insert(100_000)
    let count = try await database.read { t throws(StorageError) in try t.count(table) }
    database.close()
    let again = try Database(.file(path))
    let later = try await again.read { t throws(StorageError) in try t.count(table) }
    again.close()
    exit(count == acknowledged + 1 && later == count ? 0 : 3)
}

/// Writes from 16 tasks, notes each acknowledged id in a file, and kills its own process in the middle.
private func writeUntilKilled(_ path: String, _ acknowledgements: String, _ killedAfter: Int) async throws {
    let database = try Database(.file(path))
    try await database.write { t throws(StorageError) in
        _ = try t.execute(TestDatabase.createTable(TestDatabase.note))
    }
    let descriptor = open(acknowledgements, O_CREAT | O_WRONLY | O_APPEND, 0o600)
    let table = EntityTable(TestDatabase.note)
    let count = Counter()
    try await withThrowingTaskGroup(of: Void.self) { group in
        for task in 0..<16 {
            group.addTask {
                for number in 0... {
                    let id = TestDatabase.id(task << 32 + number)
                    try await database.write { transaction throws(StorageError) in
                        try transaction.insert(table, id: id, ["text": .text("crash")])
                        _ = try transaction.recordChange("Note", id: id, .insert)
                    }
                    let line = Array((id + "\n").utf8)
                    guard write(descriptor, line, line.count) == line.count else { return }
                    count.add()
                    if count.value >= killedAfter { kill(getpid(), SIGKILL) }
                }
            }
        }
        try await group.waitForAll()
    }
}
