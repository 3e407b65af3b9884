internal import PylonSchema
internal import PylonTestSupport
internal import PylonTime
internal import Testing
@testable internal import PylonStorage

@Suite struct ChangeLogTests {
    private static func id(_ number: Int) -> String { TestDatabase.id(number) }

    private static func changes(
        _ database: Database, since cursor: Int64, limit: Int = 100
    ) async throws -> ChangePage {
        try await database.read { t throws(StorageError) in try t.changes(since: cursor, limit: limit) }
    }

    @Test func `a pull is the latest state of each row, by sequence`() async throws {
        let test = try await TestDatabase()
        try await test.database.write { transaction throws(StorageError) in
            #expect(try transaction.recordChange("Note", id: Self.id(1), .insert) == 1)
            #expect(try transaction.recordChange("Note", id: Self.id(2), .insert) == 2)
            #expect(try transaction.recordChange("Note", id: Self.id(1), .update, data: "x") == 3)
            #expect(try transaction.recordChange("Other", id: Self.id(1), .insert) == 4)
            #expect(try transaction.recordChange("Note", id: Self.id(2), .delete, data: "{}") == 5)
            #expect(try transaction.lastSequence() == 5)
        }
        let all = try await Self.changes(test.database, since: 0)
        #expect(all.changes.map(\.sequence) == [3, 4, 5])
        #expect(all.changes.map(\.kind) == [.update, .insert, .delete])
        #expect(all.changes.map(\.firstSequence) == [1, 4, 2])
        #expect(all.changes.map(\.rowID) == [Self.id(1), Self.id(1), Self.id(2)])
        #expect(all.changes.map(\.data) == ["x", nil, "{}"])
        #expect(all.cursor == 5 && !all.hasMore)
        #expect(try await Self.changes(test.database, since: 3).changes.map(\.sequence) == [4, 5])
    }

    @Test func `a row that comes back under its id has one entry`() async throws {
        let test = try await TestDatabase()
        try await test.database.write { transaction throws(StorageError) in
            _ = try transaction.recordChange("Note", id: Self.id(1), .insert)
            _ = try transaction.recordChange("Note", id: Self.id(1), .delete)
            #expect(try transaction.recordChange("Note", id: Self.id(1), .insert) == 3)
        }
        let changes = try await Self.changes(test.database, since: 0).changes
        #expect(changes.map(\.kind) == [.insert])
        #expect(changes.map(\.firstSequence) == [3])
    }

    @Test func `pages join without gap or overlap`() async throws {
        let test = try await TestDatabase()
        try await test.database.write { transaction throws(StorageError) in
            for number in 0..<10 { _ = try transaction.recordChange("Note", id: Self.id(number), .insert) }
        }
        var cursor: Int64 = 0
        var seen: [Int64] = []
        while true {
            let page = try await Self.changes(test.database, since: cursor, limit: 3)
            seen += page.changes.map(\.sequence)
            cursor = page.cursor
            if !page.hasMore { break }
        }
        #expect(seen == Array(1...10))
        let nothing = try await Self.changes(test.database, since: 10)
        #expect(nothing.changes.isEmpty && nothing.cursor == 10)
    }

    @Test func defect39TheLogSurvivesARestartAndItsSequenceGoesOn() async throws {
        let test = try await TestDatabase()
        try await test.database.write { transaction throws(StorageError) in
            _ = try transaction.recordChange("Note", id: Self.id(1), .insert)
            _ = try transaction.recordChange("Note", id: Self.id(2), .insert)
        }
        try await test.database.write { transaction throws(StorageError) in
            _ = try transaction.execute("DELETE FROM _pylon_changes WHERE seq = 2")
        }
        test.database.close()
        let again = try Database(test.location)
        defer { again.close() }
        let next = try await again.write { t throws(StorageError) in try t.recordChange("Note", id: Self.id(3), .insert)
        }
        #expect(next == 3)
        #expect(try await Self.changes(again, since: 0).changes.map(\.sequence) == [1, 3])
    }

    @Test func `a change and its row are committed together or not at all`() async throws {
        let test = try await TestDatabase()
        let error = await thrown { () throws(StorageError) in
            try await test.database.write { transaction throws(StorageError) in
                _ = try transaction.recordChange("Note", id: Self.id(1), .insert)
                throw StorageError.invalidQuery("test")
            }
        }
        #expect(error == .invalidQuery("test"))
        #expect(try await Self.changes(test.database, since: 0).changes.isEmpty)
    }

    @Test func `tombstones are bounded, and cursors behind the bound start anew`() async throws {
        let test = try await TestDatabase { $0.tombstonesMaximum = 3 }
        try await test.database.write { transaction throws(StorageError) in
            for number in 0..<10 { _ = try transaction.recordChange("Note", id: Self.id(number), .insert) }
            for number in 0..<8 { _ = try transaction.recordChange("Note", id: Self.id(number), .delete) }
            try transaction.pruneTombstones(keeping: 3)
        }
        // Left: the two live rows, and the tombstones 16 to 18.
        #expect(try await Self.changes(test.database, since: 0).changes.map(\.sequence) == [9, 10, 16, 17, 18])
        #expect(try await Self.changes(test.database, since: 15).changes.map(\.sequence) == [16, 17, 18])
        let error = await thrown { () throws(StorageError) in
            try await test.database.read { t throws(StorageError) in try t.changes(since: 14, limit: 5) }
        }
        #expect(error == .resyncRequired(oldest: 15))
    }

    @Test func `pruning happens by itself`() async throws {
        let test = try await TestDatabase { $0.tombstonesMaximum = 10 }
        try await test.database.write { transaction throws(StorageError) in
            for number in 0..<1024 { _ = try transaction.recordChange("Note", id: Self.id(number), .delete) }
        }
        #expect(try await Self.changes(test.database, since: 0).changes.count == 10)
    }

    @Test func `a cursor from the future belongs to another history`() async throws {
        let test = try await TestDatabase()
        let error = await thrown { () throws(StorageError) in
            try await test.database.read { t throws(StorageError) in try t.changes(since: 7, limit: 5) }
        }
        #expect(error == .resyncRequired(oldest: 0))
    }

    @Test func `rows from elsewhere are adopted once`() async throws {
        let test = try await TestDatabase()
        let table = EntityTable(TestDatabase.note)
        try await test.database.write { transaction throws(StorageError) in
            for number in 0..<5 { try transaction.insert(table, id: Self.id(number), [:]) }
            _ = try transaction.recordChange("Note", id: Self.id(2), .insert)
            #expect(try transaction.adoptRows(of: table) == 4)
            #expect(try transaction.adoptRows(of: table) == 0)
        }
        let rows = try await Self.changes(test.database, since: 0).changes.map(\.rowID)
        #expect(rows == [2, 0, 1, 3, 4].map(Self.id))
    }

    /// Against a plain model: a reader that pulls from its cursor at random moments always ends with what the tables hold.
    @Test func `readers that pull at any time converge on the tables`() async throws {
        var random = SeededGenerator(seed: testSeed())
        let test = try await TestDatabase()
        var rows: Set<Int> = []
        var copies: [(cursor: Int64, rows: Set<String>)] = [(0, []), (0, []), (0, [])]
        for _ in 0..<60 {
            var steps: [(Int, ChangeKind)] = []
            for _ in 0..<Int.random(in: 0..<6, using: &random) {
                let number = Int.random(in: 0..<12, using: &random)
                if !rows.contains(number) {
                    rows.insert(number)
                    steps.append((number, .insert))
                } else if Bool.random(using: &random) {
                    rows.remove(number)
                    steps.append((number, .delete))
                } else {
                    steps.append((number, .update))
                }
            }
            try await test.database.write { [steps] transaction throws(StorageError) in
                for (number, kind) in steps { _ = try transaction.recordChange("Note", id: Self.id(number), kind) }
            }
            let reader = Int.random(in: 0..<copies.count, using: &random)
            repeat {
                let page = try await Self.changes(test.database, since: copies[reader].cursor, limit: 4)
                for change in page.changes {
                    switch change.kind {
                    case .insert, .update: copies[reader].rows.insert(change.rowID)
                    case .delete: copies[reader].rows.remove(change.rowID)
                    }
                }
                copies[reader].cursor = page.cursor
                if !page.hasMore { break }
            } while true
            #expect(copies[reader].rows == Set(rows.map(Self.id)))
        }
    }
}
