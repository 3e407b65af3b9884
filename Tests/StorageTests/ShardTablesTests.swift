internal import PylonBytes
internal import PylonSchema
internal import PylonTestSupport
internal import Testing
@testable internal import PylonStorage

@Suite struct ShardTablesTests {
    private static func shard(_ id: String = "s", instance: UInt64 = 1, tick: UInt64 = 0) -> StoredShard {
        StoredShard(
            id: id, instance: instance, kind: "k", config: #"{"a":1}"#, seed: UInt64.max - 1, tick: tick)
    }

    private static func count(_ table: String, _ database: Database) async throws -> Int64 {
        try await database.read { t throws(StorageError) in
            try t.connection.first("SELECT count(*) FROM \(table)") { $0.integer(0) } ?? -1
        }
    }

    @Test func `a shard comes back with its state and its journal in order`() async throws {
        let test = try await TestDatabase()
        let state = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
        try await test.database.write { t throws(StorageError) in
            _ = try t.putShard(Self.shard(tick: 7), state: SharedBytes(state), isClean: true)
            for number in [2, 10, 1] as [UInt64] {
                try t.appendShardJournal("s", instance: 1, number: number, block: SharedBytes([UInt8(number), 0]))
            }
        }
        let found = try await test.database.read { t throws(StorageError) in try t.storedShard("s") }
        #expect(found?.state == state)
        #expect(found?.isClean == true)
        #expect(found?.journal == [[1, 0], [2, 0], [10, 0]])
        #expect(found?.shard.seed == UInt64.max - 1)
        #expect(found?.shard.tick == 7)
        #expect(found?.shard.config == #"{"a":1}"#)
        #expect(try await test.database.read { t throws(StorageError) in try t.storedShard("t") == nil })
    }

    @Test func `a new state begins the journal anew`() async throws {
        let test = try await TestDatabase()
        try await test.database.write { t throws(StorageError) in
            for id in ["s", "t"] {
                _ = try t.putShard(Self.shard(id), state: SharedBytes([1]), isClean: false)
                try t.appendShardJournal(id, instance: 1, number: 1, block: SharedBytes([1]))
            }
            _ = try t.putShard(Self.shard("s"), state: SharedBytes([2]), isClean: false)
        }
        let found = try await test.database.read { t throws(StorageError) in try t.storedShard("s") }
        #expect(found?.state == [2])
        #expect(found?.journal == [])
        #expect(try await Self.count("_pylon_shard_journal", test.database) == 1)
    }

    @Test func `what an earlier shard of the same id still writes touches nothing`() async throws {
        let test = try await TestDatabase()
        try await test.database.write { t throws(StorageError) in
            _ = try t.putShard(Self.shard(instance: 5), state: SharedBytes([5]), isClean: false)
            try t.appendShardJournal("s", instance: 5, number: 1, block: SharedBytes([5]))
            #expect(try !t.putShard(Self.shard(instance: 4), state: SharedBytes([4]), isClean: false))
            try t.appendShardJournal("s", instance: 4, number: 2, block: SharedBytes([4]))
            try t.deleteShard("s", instance: 4)
        }
        let found = try await test.database.read { t throws(StorageError) in try t.storedShard("s") }
        #expect(found?.state == [5])
        #expect(found?.journal == [[5]])
        try await test.database.write { t throws(StorageError) in try t.deleteShard("s", instance: 5) }
        #expect(try await Self.count("_pylon_shards", test.database) == 0)
        #expect(try await Self.count("_pylon_shard_journal", test.database) == 0)
    }

    @Test func `attempts are counted until the shard has stored a state of its own`() async throws {
        let test = try await TestDatabase()
        try await test.database.write { t throws(StorageError) in
            _ = try t.putShard(Self.shard(), state: SharedBytes([1]), isClean: false)
            _ = try t.putShard(Self.shard("t"), state: SharedBytes([1]), isClean: false)
            #expect(try t.storedShardIDs() == ["s", "t"])
            #expect(try t.countShardAttempt("s") == 1)
            #expect(try t.countShardAttempt("s") == 2)
            #expect(try t.countShardAttempt("t") == 1)
            #expect(try t.countShardAttempt("u") == 0)
            try t.takeBackShardAttempt("t")
            #expect(try t.countShardAttempt("t") == 1)
            _ = try t.putShard(Self.shard(instance: 2), state: SharedBytes([1]), isClean: false)
            #expect(try t.countShardAttempt("s") == 1)
        }
    }

    @Test func `what is set aside is kept with its journal`() async throws {
        let test = try await TestDatabase()
        try await test.database.write { t throws(StorageError) in
            for number in 1...103 {
                _ = try t.putShard(Self.shard("s\(number)"), state: SharedBytes([1, 2]), isClean: false)
                try t.appendShardJournal("s\(number)", instance: 1, number: 1, block: SharedBytes([3]))
                try t.setShardAside("s\(number)", problem: "no such kind")
            }
        }
        #expect(try await Self.count("_pylon_shards", test.database) == 0)
        #expect(try await Self.count("_pylon_shard_journal", test.database) == 0)
        #expect(try await Self.count("_pylon_shards_aside", test.database) == 103)
        #expect(try await Self.count("_pylon_shard_journal_aside", test.database) == 103)
        let newest = try await test.database.read { t throws(StorageError) in
            try t.connection.first("SELECT id, problem, state FROM _pylon_shards_aside ORDER BY number DESC") {
                ($0.text(0), $0.text(1), $0.blob(2))
            }
        }
        #expect(newest?.0 == "s103")
        #expect(newest?.1 == "no such kind")
        #expect(newest?.2 == [1, 2])
    }

    @Test func `a write that nobody waits for is heard of when it is durable, or refused`() async throws {
        let test = try await TestDatabase()
        let answers = Mailbox<StorageError?>()
        test.database.submit(bytes: 1) { t throws(StorageError) in
            _ = try t.putShard(Self.shard(), state: SharedBytes([1]), isClean: false)
        } done: {
            answers.put($0)
        }
        #expect(try answers.next() == nil)
        #expect(try await Self.count("_pylon_shards", test.database) == 1)
        test.database.submit(bytes: 1) { t throws(StorageError) in
            try t.deleteShard("s", instance: 1)
            throw .overloaded
        } done: {
            answers.put($0)
        }
        #expect(try answers.next() == .overloaded)
        #expect(try await Self.count("_pylon_shards", test.database) == 1)
        test.database.close()
        test.database.submit(bytes: 1) { _ throws(StorageError) in
        } done: {
            answers.put($0)
        }
        #expect(try answers.next() == .closed)
    }
}
