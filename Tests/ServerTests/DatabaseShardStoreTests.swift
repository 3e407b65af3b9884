import PylonBytes
import PylonShardHost
import PylonStorage
import PylonTelemetry
import PylonTestSupport
import PylonThreading
import Testing

@testable import PylonServer

@Suite struct DatabaseShardStoreTests {
    private static func store(_ id: String, kind: String, in database: Database) async throws {
        try await database.write { t throws(StorageError) in
            let shard = StoredShard(id: id, instance: 1, kind: kind, config: "{}", seed: 1, tick: 1)
            _ = try t.putShard(shard, state: SharedBytes([7]), isClean: false)
        }
    }

    private static func restoreAll(
        _ database: Database, _ counters: KeepingCounters, _ reports: Mailbox<String>,
        _ restore: @escaping @Sendable (KeptShard) throws(RestoreError) -> Void
    ) async throws {
        // It blocks, as start-up may.
        let blocking = BlockingThread(name: "restore", capacity: 1)
        let thread = blocking.start()
        let result = await blocking.run { () -> Result<Void, StorageError> in
            Result { () throws(StorageError) in
                try DatabaseShardStore.restoreAll(
                    from: database, counters: counters, report: { reports.put($0) }, restore)
            }
        }
        blocking.close()
        thread.join()
        try #require(result).get()
    }

    @Test func aShardThatDoesNotComeBackIsSetAsideAndStopsNoOther() async throws {
        let database = try Database(.memory)
        defer { database.close() }
        for id in ["a", "b", "c"] { try await Self.store(id, kind: id == "b" ? "damaged" : "k", in: database) }
        let (counters, reports, back) = (KeepingCounters(), Mailbox<String>(), Mailbox<String>())
        try await Self.restoreAll(database, counters, reports) { kept throws(RestoreError) in
            guard kept.kind == "k" else { throw RestoreError("its state is malformed") }
            back.put(kept.id)
        }
        #expect(try back.next() == "a")
        #expect(try back.next() == "c")
        let report = try reports.next()
        #expect(report.contains("shard b") && report.contains("its state is malformed"))
        #expect(counters.setAside.value == 1)
        // It is not tried again.
        try await Self.restoreAll(database, counters, reports) { kept throws(RestoreError) in back.put(kept.id) }
        #expect(try back.next() == "a")
        #expect(try back.next() == "c")
        #expect(counters.setAside.value == 1)
    }

    @Test func aShardThatEndsTheProcessEachTimeIsSetAsideInTheEnd() async throws {
        let database = try Database(.memory)
        defer { database.close() }
        try await Self.store("a", kind: "k", in: database)
        let (counters, reports) = (KeepingCounters(), Mailbox<String>())
        // Starts that never get as far as storing a state.
        for _ in 0..<5 { try await Self.restoreAll(database, counters, reports) { _ in } }
        #expect(counters.setAside.value == 0)
        try await Self.restoreAll(database, counters, reports) { _ in Issue.record("it is tried again") }
        #expect(counters.setAside.value == 1)
        #expect(try reports.next().contains("5 times"))
    }

    @Test func aShardForWhichSomethingIsMissingStaysStored() async throws {
        let database = try Database(.memory)
        defer { database.close() }
        try await Self.store("a", kind: "gone", in: database)
        let (counters, reports, back) = (KeepingCounters(), Mailbox<String>(), Mailbox<String>())
        // More starts than a shard is given that ends the process.
        for _ in 0..<7 {
            try await Self.restoreAll(database, counters, reports) { _ throws(RestoreError) in
                throw RestoreError("there is no kind gone", staysStored: true)
            }
            let report = try reports.next()
            #expect(report.contains("shard a") && report.contains("stays stored: there is no kind gone"))
        }
        #expect(counters.withheld.value == 7)
        #expect(counters.setAside.value == 0)
        try await Self.restoreAll(database, counters, reports) { kept throws(RestoreError) in back.put(kept.id) }
        #expect(try back.next() == "a")
    }

    @Test func aShardThatEndsTheProcessTakesNoOtherWithIt() async throws {
        let folder = try AppFolder(manifest: "{}")
        var database = try Database(.file(folder.databasePath))
        for id in ["a", "b", "c"] { try await Self.store(id, kind: "k", in: database) }
        for _ in 0..<5 {
            do {
                try await Self.startAndEnd(database, at: "b")
                Issue.record("it went on")
            } catch StorageError.closed {}
            database = try Database(.file(folder.databasePath))
        }
        defer { database.close() }
        let (counters, reports, back) = (KeepingCounters(), Mailbox<String>(), Mailbox<String>())
        try await Self.restoreAll(database, counters, reports) { kept throws(RestoreError) in back.put(kept.id) }
        #expect(try back.next() == "a")
        #expect(try back.next() == "c")
        #expect(counters.setAside.value == 1)
        let report = try reports.next()
        #expect(report.contains("shard b") && report.contains("5 times"))
    }

    /// A start that gets as far as `id`, whose restore ends it: nothing that would come behind is done.
    private static func startAndEnd(_ database: Database, at id: String) async throws {
        try await restoreAll(database, KeepingCounters(), Mailbox<String>()) { kept throws(RestoreError) in
            guard kept.id == id else { return begin(kept, in: database) }
            database.close()
            throw RestoreError("the process has ended")
        }
    }

    /// Stores a state as a shard does that has come back.
    private static func begin(_ kept: KeptShard, in database: Database) {
        database.submit(bytes: 1) { t throws(StorageError) in
            let shard = StoredShard(
                id: kept.id, instance: kept.instance + 1, kind: kept.kind, config: kept.config, seed: kept.seed, tick: 1
            )
            _ = try t.putShard(shard, state: SharedBytes([8]), isClean: false)
        } done: { _ in
        }
    }
}
