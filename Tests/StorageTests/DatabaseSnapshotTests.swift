internal import PylonSchema
internal import PylonTime
internal import Testing
@testable internal import PylonStorage

@Suite struct DatabaseSnapshotTests {
    private static let table = EntityTable(TestDatabase.note)

    private func insert(_ number: Int, into test: TestDatabase) async throws {
        try await test.database.write { t throws(StorageError) in
            try t.insert(Self.table, id: TestDatabase.id(number), [:])
        }
    }

    private func count(_ snapshot: DatabaseSnapshot) async throws(StorageError) -> Int {
        try await snapshot.read { t throws(StorageError) in try t.count(Self.table) }
    }

    @Test func `it stays the same between its reads`() async throws {
        let test = try await TestDatabase()
        try await insert(1, into: test)
        let snapshot = try await test.database.snapshot()
        try await insert(2, into: test)
        #expect(try await count(snapshot) == 1)
        try await insert(3, into: test)
        #expect(try await count(snapshot) == 1)
        snapshot.close()
        snapshot.close()
        #expect(await thrown { () throws(StorageError) in try await count(snapshot) } == .closed)
    }

    @Test func `there are few at a time, and closed ones make room`() async throws {
        let test = try await TestDatabase { $0.snapshotsMaximum = 2 }
        let database = test.database
        let first = try await database.snapshot()
        var second: DatabaseSnapshot? = try await database.snapshot()
        #expect(await thrown { () throws(StorageError) in try await database.snapshot() } == .overloaded)
        first.close()
        _ = try await opened(database)
        // One that nobody closes closes itself.
        #expect(second != nil)
        second = nil
        _ = try await opened(database)
    }

    /// The next snapshot, once the thread has let go of the one before.
    private func opened(_ database: Database) async throws -> DatabaseSnapshot {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            do throws(StorageError) {
                return try await database.snapshot()
            } catch {
                guard error == .overloaded, ContinuousClock.now < deadline else { throw error }
                await Task.yield()
            }
        }
    }

    @Test func `it does not live for ever`() async throws {
        let folder = TestFolder()
        let clock = ManualClock()
        var settings = DatabaseSettings()
        settings.snapshotLifetimeMaximum = .seconds(60)
        let database = try Database(.file(folder.file("test.db")), settings: settings, clock: clock)
        defer { database.close() }
        let snapshot = try await database.snapshot()
        clock.advance(by: .seconds(59))
        _ = try await snapshot.read { t throws(StorageError) in try t.shape() }
        clock.advance(by: .seconds(1))
        let error = await thrown { () throws(StorageError) in
            try await snapshot.read { t throws(StorageError) in try t.shape() }
        }
        #expect(error == .deadlineExceeded)
    }

    @Test func `a database in memory has none`() async throws {
        let test = try await TestDatabase(inMemory: true)
        let error = await thrown { () throws(StorageError) in try await test.database.snapshot() }
        #expect(error?.isTransient == false)
    }
}
