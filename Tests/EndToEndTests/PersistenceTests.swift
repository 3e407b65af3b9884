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

    @Test func aShardCannotOutliveAServerWithoutADatabase() throws {
        let server = try ServerHarness()
        let body = #"{"id":"zone","kind":"counter","config":{"checkpoint_ticks":10}}"#
        let answer = try server.request("POST", "/api/shards", token: ServerHarness.adminToken, body: body)
        #expect(answer.status == 400)
        #expect(answer.json["error"]?["code"]?.string == "INVALID_SHARD_CONFIG")
    }
}
