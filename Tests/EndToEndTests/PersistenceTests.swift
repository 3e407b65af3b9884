internal import Glibc
internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// Shards outlive the process: kill -9 at any moment loses at most the stated window, and with a journal nothing that anybody was shown.
@Suite(.blocking) struct PersistenceTests {
    static let manifest =
        #"""
        {"manifest_version":1,"name":"shards","version":"0.1.0","entities":[
          {"name":"Note","fields":[{"name":"text","type":"string","optional":false,"unique":false}],"indexes":[]}],
         "routes":[]}
        """#
    private static let members = ["ann", "bob", "cem"]

    /// `PYLON_TEST_CRASH_ROUNDS` says otherwise.
    private static var rounds: Int { getenv("PYLON_TEST_CRASH_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 30 }

    /// The newest that anybody was shown.
    private struct Shown {
        var tick: UInt64 = 0
        /// By member, the newest `client_seq` in the world.
        var acknowledged: [String: Int] = [:]

        /// Takes a snapshot in, which has to add up: each member's inputs are 1, 2, 3, ... up to the one acknowledged.
        mutating func take(_ snapshot: WebSocketClient.Snapshot) {
            tick = max(tick, snapshot.tick)
            var sum = 0
            for member in PersistenceTests.members {
                let newest = snapshot.json["acks"]?[member]?.int ?? 0
                sum += newest * (newest + 1) / 2
                acknowledged[member] = max(acknowledged[member] ?? 0, newest)
            }
            #expect(snapshot.json["total"]?.int == sum, "at tick \(snapshot.tick)")
        }
    }

    /// Plays until some snapshots have come, then kills the server; returns what was shown.
    private func playUntilKilled(_ server: ServerHarness, round: Int, from start: Shown) throws -> Shown {
        var shown = start
        let clients = try Self.members.map { try server.join("zone", as: $0) }
        for (index, client) in clients.enumerated() {
            let next = (shown.acknowledged[Self.members[index]] ?? 0) + 1
            for number in next..<next + 40 {
                try client.send(text: #"{"input":{"add":\#(number)},"client_seq":\#(number)}"#)
            }
        }
        // Another moment each time, from the first frames on.
        for count in 0..<(3 + round * 7 % 40) {
            guard let snapshot = try clients[count % clients.count].nextSnapshot() else { break }
            shown.take(snapshot)
        }
        server.signal(SIGKILL)
        #expect(server.waitForExit() == 128 + SIGKILL)
        // What was on its way has been shown, too.
        for client in clients {
            while let snapshot = try? client.nextSnapshot() { shown.take(snapshot) }
        }
        return shown
    }

    /// What the restarted server shows first.
    private func firstShown(by server: ServerHarness) throws -> Shown {
        let watcher = try server.join("zone", as: "watcher")
        var shown = Shown()
        shown.take(try #require(try watcher.nextSnapshot()))
        return shown
    }

    @Test func withAJournalNothingThatWasShownIsLost() throws {
        let folder = try AppFolder(manifest: Self.manifest)
        var shown = Shown()
        for round in 1...Self.rounds {
            let server = try ServerHarness(folder.flags)
            if round == 1 {
                try server.createShard("zone", "counter", #"{"tick_rate_hz":100,"checkpoint_ticks":20,"journal":true}"#)
            }
            let back = try firstShown(by: server)
            #expect(back.tick >= shown.tick, "round \(round)")
            for (member, newest) in shown.acknowledged {
                #expect(back.acknowledged[member] ?? 0 >= newest, "\(member), round \(round)")
            }
            shown = try playUntilKilled(server, round: round, from: back)
        }
        #expect(shown.acknowledged.values.reduce(0, +) > Self.rounds)
    }

    @Test func withoutOneNoMoreThanTheWindowIsLost() throws {
        let folder = try AppFolder(manifest: Self.manifest)
        var shown = Shown()
        for round in 1...max(1, Self.rounds / 3) {
            let server = try ServerHarness(folder.flags)
            if round == 1 {
                try server.createShard("zone", "counter", #"{"tick_rate_hz":100,"checkpoint_ticks":10}"#)
            }
            let back = try firstShown(by: server)
            // Ten ticks, and those that pass while a state is being written: a second on a machine that does other things.
            #expect(back.tick + 10 + 100 >= shown.tick, "round \(round)")
            shown = try playUntilKilled(server, round: round, from: back)
        }
    }

    @Test func aShardComesBackFromACleanStopAtItsTick() throws {
        let folder = try AppFolder(manifest: Self.manifest)
        var server = try ServerHarness(folder.flags)
        let config = #"{"tick_rate_hz":100,"checkpoint_ticks":100000}"#
        for id in ["zone", "removed"] { try server.createShard(id, "counter", config) }
        try server.createShard("finished", "counter", #"{"tick_rate_hz":100,"checkpoint_ticks":5,"finish_at":1}"#)
        try server.createShard("fleeting", "counter", #"{"tick_rate_hz":100}"#)
        let finishing = try server.join("finished", as: "ann")
        try finishing.send(text: #"{"input":{"add":1}}"#)
        while try finishing.nextSnapshot() != nil {}
        #expect(try server.request("DELETE", "/api/shards/removed", token: ServerHarness.adminToken).status == 200)
        let ann = try server.join("zone", as: "ann")
        for number in 1...3 { try ann.send(text: #"{"input":{"add":\#(number)},"client_seq":\#(number)}"#) }
        let last = try #require(try ann.snapshot { $0.json["total"]?.int == 6 })
        #expect(server.stop() == 0)

        server = try ServerHarness(folder.flags)
        // Only it, and before the server says that it is ready.
        let shards = try server.get("/api/shards", token: ServerHarness.adminToken).json
        #expect(shards.array?.compactMap { $0["id"]?.string } == ["zone"])
        #expect(try server.metric("pylon_shards_restored_total") == 1)
        let back = try firstShown(by: server)
        #expect(back.tick >= last.tick)
        #expect(back.acknowledged["ann"] == 3)
        // The name is taken, as before.
        let again = #"{"id":"zone","kind":"counter"}"#
        #expect(try server.request("POST", "/api/shards", token: ServerHarness.adminToken, body: again).status == 409)
    }

    /// Whoever was answered may rely on it, whatever happens then.
    @Test func whatWasAnsweredSurvivesKillNine() throws {
        let folder = try AppFolder(manifest: Self.manifest)
        let admin = ServerHarness.adminToken
        for round in 0..<8 {
            let server = try ServerHarness(folder.flags)
            let ids = try server.get("/api/shards", token: admin).json.array?.compactMap { $0["id"]?.string }
            #expect(ids == (round == 0 ? [] : round % 2 == 1 ? ["zone"] : []), "round \(round)")
            if round % 2 == 0 {
                try server.createShard("zone", "counter", #"{"tick_rate_hz":100,"checkpoint_ticks":1000}"#)
            } else {
                #expect(try server.request("DELETE", "/api/shards/zone", token: admin).status == 200)
            }
            server.signal(SIGKILL)
            #expect(server.waitForExit() == 128 + SIGKILL)
        }
    }

    /// The disk does not take what is asked of it, here because another process holds the database.
    @Test func whatCannotBeStoredIsNotPromised() throws {
        let folder = try AppFolder(manifest: Self.manifest)
        let admin = ServerHarness.adminToken
        let server = try ServerHarness(folder.flags, environment: ["PYLON_DB_BUSY_MS": "50"])
        try server.createShard("old", "counter", #"{"tick_rate_hz":100,"checkpoint_ticks":100000}"#)
        let lock = try #require(WriteLock(folder.databasePath))
        let body = #"{"id":"new","kind":"counter","config":{"checkpoint_ticks":10}}"#
        let refused = try server.request("POST", "/api/shards", token: admin, body: body)
        #expect(refused.status == 503 && refused.errorCode == "SHARD_NOT_STORED")
        #expect(refused.field("Retry-After") == "5")
        #expect(try server.get("/api/shards/new").status == 404)
        for _ in 0..<2 {
            let kept = try server.request("DELETE", "/api/shards/old", token: admin)
            #expect(kept.status == 503 && kept.errorCode == "SHARD_NOT_FORGOTTEN")
        }
        #expect(try server.get("/api/shards/old").status == 404)
        lock.release()
        #expect(
            try server.eventually {
                try server.request("DELETE", "/api/shards/old", token: admin).status == 200
            })
        #expect(try server.request("POST", "/api/shards", token: admin, body: body).status == 201)
        #expect(try server.request("DELETE", "/api/shards/old", token: admin).status == 404)
    }

    /// SQLite's lock for writing, as another process takes it (the lock bytes of its file format's WAL index).
    private final class WriteLock {
        private let descriptor: Int32

        init?(_ database: String) {
            descriptor = open("\(database)-shm", O_RDWR | O_CLOEXEC)
            guard descriptor >= 0, set(Int16(F_WRLCK)) else { return nil }
        }

        deinit {
            close(descriptor)
        }

        func release() {
            #expect(set(Int16(F_UNLCK)))
        }

        private func set(_ kind: Int16) -> Bool {
            var lock = flock()
            lock.l_type = kind
            lock.l_whence = Int16(SEEK_SET)
            lock.l_start = 120
            lock.l_len = 1
            // The server may be writing at this moment.
            return fcntl(descriptor, F_SETLKW, &lock) == 0
        }
    }

    /// A server that lacks the kind of a stored shard keeps it until somebody says otherwise.
    @Test func aShardThatCouldNotComeBackCanBeRemoved() throws {
        let folder = try AppFolder(manifest: Self.manifest)
        let admin = ServerHarness.adminToken
        var server = try ServerHarness(folder.flags)
        for id in ["a", "b"] { try server.createShard(id, "counter", #"{"checkpoint_ticks":1000}"#) }
        #expect(server.stop() == 0)
        for round in 1...2 {
            server = try ServerHarness(folder.flags, environment: ["PYLON_MAX_SHARDS": "1"])
            // There is room for one.
            let withheld = try server.get("/api/shards/a").status == 200 ? "b" : "a"
            let body = #"{"id":"\#(withheld)","kind":"counter"}"#
            guard round == 1 else {
                #expect(try server.request("DELETE", "/api/shards/\(withheld)", token: admin).status == 404)
                break
            }
            #expect(try server.metric("pylon_shards_withheld_total") == 1)
            #expect(try server.request("POST", "/api/shards", token: admin, body: body).status == 409)
            #expect(try server.request("DELETE", "/api/shards/\(withheld)").status == 403)
            #expect(try server.request("DELETE", "/api/shards/\(withheld)", token: admin).status == 200)
            server.signal(SIGKILL)
            #expect(server.waitForExit() == 128 + SIGKILL)
        }
    }

    @Test func aShardCannotOutliveAServerWithoutADatabase() throws {
        let server = try ServerHarness()
        let body = #"{"id":"zone","kind":"counter","config":{"checkpoint_ticks":10}}"#
        let answer = try server.request("POST", "/api/shards", token: ServerHarness.adminToken, body: body)
        #expect(answer.status == 400)
        #expect(answer.json["error"]?["code"]?.string == "INVALID_SHARD_CONFIG")
    }
}
