internal import Glibc
internal import PylonEventStream
internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// Entities move from shard to shard of a running server, and the streams of their passengers follow.
@Suite(.blocking) struct HandoffTests {
    static let manifest =
        #"""
        {"manifest_version":1,"name":"ferries","version":"0.1.0","entities":[
          {"name":"Note","fields":[{"name":"text","type":"string","optional":false,"unique":false}],"indexes":[]}],
         "routes":[]}
        """#

    /// `PYLON_TEST_CRASH_ROUNDS` says otherwise.
    private static var rounds: Int { getenv("PYLON_TEST_CRASH_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 8 }

    // MARK: Streams

    /// Sends numbered inputs until the shard has told of the last, over whatever hello comes between.
    private func row(_ client: StreamV2Client, _ numbers: ClosedRange<Int>) throws {
        for number in numbers { try client.send(#"{"type":"input","input":{"row":1},"client_seq":\#(number)}"#) }
        while try client.next("ack")["client_seq"]?.int != numbers.upperBound {}
    }

    /// Sails to `target` and reads up to its hello; returns that and the first state behind it.
    private func sail(
        _ client: StreamV2Client, to target: String, number: Int
    ) throws -> (hello: JSONValue, state: JSONValue, between: [StreamV2Client.Message]) {
        try client.send(#"{"type":"input","input":{"sail":"\#(target)"},"client_seq":\#(number)}"#)
        var between: [StreamV2Client.Message] = []
        while true {
            let message = try client.next()
            if message.type == "hello" {
                let next = try client.next()
                #expect(next.type == "keyframe", "the state comes behind the hello: \(next)")
                return (message.json, next.json, between)
            }
            if message == .end { throw ProcessError.unexpected("the stream ended on its way") }
            between.append(message)
        }
    }

    @Test(arguments: ["", #","checkpoint_ticks":1000,"journal":true"#])
    func aStreamWalksToAnotherShardAndBack(keeping: String) throws {
        let folder = try AppFolder(manifest: Self.manifest)
        let server = try ServerHarness(folder.flags)
        try server.createShard(
            "a", "ferry", #"{"boats":3,"passenger":"ann","tick_rate_hz":50,"ticks_per_snapshot":2\#(keeping)}"#)
        try server.createShard("b", "ferry", #"{"boats":1,"first":10,"tick_rate_hz":50\#(keeping)}"#)
        let client = try StreamV2Client(server, "shard=a&sid=ann")
        let first = try client.next("hello")
        #expect(first["shard"]?.string == "a")
        #expect(first["moved_from"] == nil)
        try row(client, 1...5)
        var number = 5
        var strokes = 5
        for round in 0..<4 {
            let (source, target) = round % 2 == 0 ? ("a", "b") : ("b", "a")
            number += 1
            let (hello, state, between) = try sail(client, to: target, number: number)
            #expect(hello["shard"]?.string == target)
            #expect(hello["moved_from"]?.string == source)
            #expect(hello["resumed"]?.bool == true)
            #expect(hello["ack"]?["client_seq"]?.int == number, "round \(round)")
            // The boat is there with its passenger, and what was rowed before is in it.
            #expect(state["strokes"]?["ann"]?.int == strokes, "round \(round)")
            for message in between where message.type == "error" { Issue.record("\(message)") }
            try row(client, number + 1...number + 4)
            number += 4
            strokes += 4
        }
        // Both shards count one connection that is where the boat is.
        let shards = try server.get("/api/shards", token: ServerHarness.adminToken).json
        let subscribers = shards.array?.map { "\($0["id"]?.string ?? "") \($0["subscribers"]?.int ?? -1)" }
        #expect(subscribers == ["a 1", "b 0"])
        #expect(try server.metric("pylon_streams_moved_total") == 4)
        #expect(try server.metric("pylon_handoffs_received_total") == 4)
        #expect(try server.metric("pylon_handoffs_outbox") == 0)
        #expect(server.stop() == 0)
    }

    @Test func everyInputOnTheWayIsAnsweredOrApplied() throws {
        let server = try ServerHarness()
        try server.createShard("a", "ferry", #"{"boats":1,"passenger":"ann","tick_rate_hz":20}"#)
        try server.createShard("b", "ferry", #"{"tick_rate_hz":20}"#)
        let client = try StreamV2Client(server, "shard=a&sid=ann")
        _ = try client.next("hello")
        var number = 0
        var strokes = 0
        for round in 0..<6 {
            let target = round % 2 == 0 ? "b" : "a"
            number += 1
            try client.send(#"{"type":"input","input":{"sail":"\#(target)"},"client_seq":\#(number)}"#)
            // These come while the boat leaves, is on its way, or has arrived.
            let last = number + 200
            while number < last {
                number += 1
                try client.send(#"{"type":"input","input":{"row":1},"client_seq":\#(number)}"#)
            }
            var refused: Set<Int> = []
            var acknowledged = 0
            while acknowledged < last - refused.count(where: { $0 > acknowledged }) {
                let message = try client.next()
                switch message.type {
                case "error":
                    #expect(message.json["code"]?.string == "MOVED")
                    refused.insert(message.json["client_seq"]?.int ?? 0)
                case "ack": acknowledged = max(acknowledged, message.json["client_seq"]?.int ?? 0)
                case "hello": acknowledged = max(acknowledged, message.json["ack"]?["client_seq"]?.int ?? 0)
                case "end", "close": throw ProcessError.unexpected("\(message)")
                default: break
                }
            }
            strokes += 200 - refused.count
            var state = try client.next("keyframe")
            while state["strokes"]?["ann"] == nil { state = try client.next("keyframe") }
            #expect(state["strokes"]?["ann"]?.int == strokes, "round \(round)")
        }
        #expect(server.stop() == 0)
    }

    @Test func aStreamOfV1GetsTheOtherShardsSnapshots() throws {
        let server = try ServerHarness()
        try server.createShard("a", "ferry", #"{"boats":2,"passenger":"ann","tick_rate_hz":50}"#)
        try server.createShard("b", "ferry", #"{"boats":1,"first":10,"tick_rate_hz":50}"#)
        let client = try server.join("a", as: "ann")
        try client.send(text: #"{"input":{"sail":"b"},"client_seq":1}"#)
        let there = try client.snapshot { $0.json["boats"]?.array?.count == 2 && $0.json["received"]?.int == 1 }
        #expect(there?.json["boats"]?.text == "[10,0]")
        try client.send(text: #"{"input":{"row":3},"client_seq":2}"#)
        #expect(try client.snapshot { $0.json["strokes"]?["ann"]?.int == 3 } != nil)
        #expect(server.stop() == 0)
    }

    @Test func anEventStreamIsToldWhereToGo() throws {
        let server = try ServerHarness()
        try server.createShard("a", "ferry", #"{"boats":1,"passenger":"ann","tick_rate_hz":50}"#)
        try server.createShard("b", "ferry", #"{"tick_rate_hz":50}"#)
        let streams = try ["?sid=ann&proto=2", "?sid=ann"].map {
            try EventStreamClient(
                port: server.port, "/api/shards/a/connect\($0)", token: ServerHarness.adminToken)
        }
        let client = try StreamV2Client(server, "shard=a&sid=ann")
        _ = try client.next("hello")
        _ = try sail(client, to: "b", number: 1)
        var last: [String] = []
        for stream in streams {
            var newest = ""
            while let event = try stream.next() { newest = "\(event.name) \(event.data)" }
            last.append(newest)
        }
        #expect(
            last[0].hasPrefix(#"bye {"type":"bye","code":"MOVED""#) && last[0].hasSuffix(#""shard":"b"}"#), "\(last)")
        #expect(last[1] == #"end {"reason":"moved to another shard"}"#)
        #expect(server.stop() == 0)
    }

    @Test func whereNobodyTakesTheBoatTheStreamStays() throws {
        let server = try ServerHarness()
        try server.createShard("a", "ferry", #"{"boats":1,"passenger":"ann","tick_rate_hz":50}"#)
        try server.createShard("full", "ferry", #"{"berths":0,"tick_rate_hz":50}"#)
        let client = try StreamV2Client(server, "shard=a&sid=ann")
        _ = try client.next("hello")
        for (number, target) in [(1, "full"), (2, "nowhere"), (3, "a")] {
            try client.send(#"{"type":"input","input":{"sail":"\#(target)"},"client_seq":\#(number)}"#)
            if number == 3 { #expect(try client.next("error")["code"]?.string == "INPUT_REJECTED") }
            var state = try client.next("keyframe")
            while state["strokes"]?["ann"] == nil || state["sent"]?.int != 0 { state = try client.next("keyframe") }
        }
        #expect(try server.metric("pylon_streams_moved_total") == 0)
        #expect(server.stop() == 0)
    }

    // MARK: Crashes

    /// Anchors all boats and waits until none is under way; returns what is where.
    private func settled(_ server: ServerHarness, _ shards: [String]) throws -> [Int] {
        let watchers = try shards.map { try server.join($0, as: "watcher") }
        for watcher in watchers { try watcher.send(text: #"{"input":{"anchor":true}}"#) }
        for watcher in watchers { _ = try watcher.snapshot { $0.json["anchored"]?.bool == true } }
        // Without a journal a second or two on either side, more on a machine that is busy.
        for _ in 0..<1000 {
            if try server.metric("pylon_handoffs_outbox") == 0 { break }
            _ = try watchers[0].nextSnapshot()
        }
        #expect(try server.metric("pylon_handoffs_outbox") == 0)
        var numbers: [Int] = []
        for shard in shards {
            // A newcomer's first state is of now.
            let snapshot = try #require(try server.join(shard, as: "newcomer").nextSnapshot())
            numbers += snapshot.json["boats"]?.array?.compactMap(\.int) ?? []
        }
        for watcher in watchers {
            try watcher.send(text: #"{"input":{"anchor":false}}"#)
            _ = try watcher.snapshot { $0.json["anchored"]?.bool == false }
        }
        return numbers.sorted()
    }

    @Test(arguments: [true, false])
    func killedAtAnyMomentEveryBoatIsInOneShard(isJournalled: Bool) throws {
        let folder = try AppFolder(manifest: Self.manifest)
        let shards = ["a", "b", "c"]
        var moves = 0
        for round in 1...Self.rounds {
            let server = try ServerHarness(folder.flags)
            if round == 1 {
                for (index, id) in shards.enumerated() {
                    let others = shards.filter { $0 != id }.map { "\"\($0)\"" }.joined(separator: ",")
                    try server.createShard(
                        id, "ferry",
                        #"{"boats":200,"first":\#(index * 200),"stay":10,"to":[\#(others)],"tick_rate_hz":100,"#
                            + #""checkpoint_ticks":50,"journal":\#(isJournalled)}"#)
                }
            }
            #expect(try settled(server, shards) == Array(0..<600), "round \(round)")
            let watcher = try server.join("b", as: "watcher")
            // Another moment each time.
            for _ in 0..<(10 + round * 37 % 120) { _ = try watcher.nextSnapshot() }
            moves += Int(try server.metric("pylon_handoffs_received_total") ?? 0)
            server.signal(SIGKILL)
            #expect(server.waitForExit() == 128 + SIGKILL)
        }
        #expect(moves > Self.rounds * 50, "\(moves)")
        print("hand-offs between \(Self.rounds) kills: \(moves)")
    }

    @Test(arguments: [true, false])
    func killedWhileAStoppedShardSettlesEveryBoatArrivesOnce(isJournalled: Bool) throws {
        let folder = try AppFolder(manifest: Self.manifest)
        let keeping = #""tick_rate_hz":100,"checkpoint_ticks":50,"journal":\#(isJournalled)"#
        var boats = 0
        for round in 0...Self.rounds {
            let server = try ServerHarness(folder.flags)
            if round == 0 { try server.createShard("b", "ferry", "{\(keeping)}") }
            // Back to settle, or as if nobody had stopped it: its boats are all on their way in either case.
            _ = try server.request("DELETE", "/api/shards/a", token: ServerHarness.adminToken)
            #expect(try server.eventually { try server.get("/api/shards/a").status == 404 })
            let watcher = try server.join("b", as: "watcher")
            let arrived = try #require(try watcher.nextSnapshot()?.json["boats"]?.array?.compactMap(\.int))
            #expect(arrived.sorted() == Array(0..<boats), "round \(round)")
            if round == Self.rounds { break }
            try server.createShard(
                "a", "ferry", #"{"boats":200,"first":\#(boats),"stay":1,"to":["b"],\#(keeping)}"#)
            boats += 200
            _ = try server.join("a", as: "watcher").snapshot { $0.json["boats"]?.array?.isEmpty == true }
            #expect(try server.request("DELETE", "/api/shards/a", token: ServerHarness.adminToken).status == 200)
            // Another moment each time.
            for _ in 0..<(round * 37 % 60) { _ = try watcher.nextSnapshot() }
            server.signal(SIGKILL)
            #expect(server.waitForExit() == 128 + SIGKILL)
        }
    }
}
