internal import Glibc
internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// kill -9 at any moment loses no acknowledged write, nor any part of one.
@Suite(.blocking) struct CrashTests {
    private static let manifest = #"""
        {"manifest_version":1,"name":"crash","version":"0.1.0","entities":[
          {"name":"Note","fields":[{"name":"round","type":"int","optional":false,"unique":false}],
           "indexes":[{"name":"by_round","fields":["round"],"unique":false}]},
          {"name":"Count","fields":[{"name":"value","type":"int","optional":false,"unique":false}],"indexes":[]}],
         "routes":[]}
        """#
    private static let clientCount = 8
    /// Pairs of an insert and an update that each client sends at once.
    private static let pairCount = 12

    /// `PYLON_TEST_CRASH_ROUNDS` says otherwise.
    private static var rounds: Int { getenv("PYLON_TEST_CRASH_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 100 }

    /// What the server has said it did.
    private struct Acknowledged {
        var notes: Set<String> = []
        /// By counter's id.
        var values: [String: Int] = [:]
    }

    @Test func everyAcknowledgedWriteOutlivesAHundredKills() throws {
        let folder = try AppFolder(manifest: Self.manifest)
        var all = Acknowledged()
        var newest: Set<String> = []
        for round in 1...Self.rounds {
            let server = try ServerHarness(folder.flags)
            if round == 1 {
                for _ in 0..<Self.clientCount {
                    let made = try server.request("POST", "/api/entities/Count", body: #"{"value":0}"#)
                    all.values[try #require(made.json["id"]?.string)] = 0
                }
            }
            try expect(newest, ofRound: round - 1, and: all.values, on: server)
            newest = try writeUntilKilled(server, round, &all)
            all.notes.formUnion(newest)
        }
        let server = try ServerHarness(folder.flags)
        try expect(newest, ofRound: Self.rounds, and: all.values, on: server)
        #expect(all.notes.count >= 2 * Self.rounds)
        let rows = try server.get("/api/entities/Note").json["data"]?.array ?? []
        let ids = Set(rows.compactMap { $0["id"]?.string })
        #expect(all.notes.subtracting(ids) == [])
        // A row and its entry in the log are there together.
        #expect(try pulled(from: server) == ids.union(all.values.keys))
    }

    @Test func aSecondServerIsRefusedTheFile() throws {
        let folder = try AppFolder(manifest: Self.manifest)
        let server = try ServerHarness(folder.flags)
        #expect(throws: ProcessError.self) { try ServerHarness(folder.flags) }
        // The first is none the worse, and found dead when it was killed.
        #expect(try server.request("POST", "/api/entities/Count", body: #"{"value":1}"#).status == 201)
        server.signal(SIGKILL)
        #expect(server.waitForExit() == 128 + SIGKILL)
        let next = try ServerHarness(folder.flags)
        #expect(next.log.contains("the last process died"))
    }

    /// Everything acknowledged in a round is there, and each counter has the last value that was, or a later one.
    private func expect(
        _ notes: Set<String>, ofRound round: Int, and values: [String: Int], on server: ServerHarness
    ) throws {
        let rows = try server.request("POST", "/api/query/Note", body: #"{"round":\#(round)}"#).json.array ?? []
        #expect(notes.subtracting(rows.compactMap { $0["id"]?.string }) == [], "after round \(round)")
        let counts = try server.get("/api/entities/Count").json["data"]?.array ?? []
        #expect(counts.count == Self.clientCount)
        for count in counts {
            let (id, value) = (count["id"]?.string ?? "", count["value"]?.int ?? -1)
            #expect(value >= values[id] ?? .max, "after round \(round)")
        }
    }

    /// Sends everything on all connections, kills the server after some answers, and returns the notes it acknowledged.
    private func writeUntilKilled(
        _ server: ServerHarness, _ round: Int, _ all: inout Acknowledged
    ) throws -> Set<String> {
        let counters = all.values.keys.sorted()
        let clients = try counters.map { _ in try HTTPClient(port: server.port) }
        for (client, counter) in zip(clients, counters) {
            for pair in 1...Self.pairCount {
                try client.send("POST", "/api/entities/Note", body: #"{"round":\#(round)}"#)
                let value = round * Self.pairCount + pair
                try client.send("PATCH", "/api/entities/Count/\(counter)", body: #"{"value":\#(value)}"#)
            }
        }
        var notes: Set<String> = []
        var answers = [Int](repeating: 0, count: clients.count)
        func take(_ index: Int) -> Bool {
            guard let answer = try? clients[index].readResponse() else { return false }
            answers[index] += 1
            if let id = answer.json["id"]?.string { notes.insert(id) }
            if answer.json["updated"] == true {
                all.values[counters[index]] = round * Self.pairCount + answers[index] / 2
            }
            return true
        }
        // Another moment each time, from the first commits on to the last.
        for _ in 0..<(2 + round % (2 * Self.pairCount - 4)) { #expect(take(round % clients.count)) }
        server.signal(SIGKILL)
        #expect(server.waitForExit() == 128 + SIGKILL)
        for index in clients.indices { while take(index) {} }
        return notes
    }

    /// The rows that a replica ends up with.
    private func pulled(from server: ServerHarness) throws -> Set<String> {
        let client = try HTTPClient(port: server.port)
        var ids: Set<String> = []
        var cursor = 0
        while true {
            let page = try client.request("GET", "/api/sync/pull?since=\(cursor)").json
            for change in page["changes"]?.array ?? [] { ids.insert(change["row_id"]?.string ?? "") }
            let next = try #require(page["cursor"]?["last_seq"]?.int)
            guard page["has_more"] == true else { return ids }
            try #require(next > cursor)
            cursor = next
        }
    }
}
