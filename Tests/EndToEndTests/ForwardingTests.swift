internal import Glibc
internal import PylonEventStream
internal import PylonJSON
internal import PylonTestSupport
internal import PylonWebSocket
internal import Testing

/// Passengers who come back to the shard that their boat has left.
@Suite(.blocking) struct ForwardingTests {
    private let server: ServerHarness

    init() throws {
        server = try ServerHarness()
    }

    /// The boat of `name` goes from "a" to "b" over a stream of its own; returns that, which is at "b" then, and its token at either.
    private func sail(
        _ name: String, token: String? = ServerHarness.adminToken, b: String = "{}"
    ) throws -> (client: StreamV2Client, resume: String, resumeThere: String) {
        try server.createShard("a", "ferry", #"{"boats":1,"passenger":"\#(name)","tick_rate_hz":50}"#)
        try server.createShard("b", "ferry", b)
        let client = try StreamV2Client(server, "shard=a&sid=\(name)", token: token)
        let resume = try #require(try client.next("hello")["resume"]?.string)
        try client.send(#"{"input":{"sail":"b"},"client_seq":1}"#)
        let hello = try client.next("hello")
        #expect(hello["shard"]?.string == "b")
        return (client, resume, try #require(hello["resume"]?.string))
    }

    @Test func aStreamOfV2GoesOnWhereTheBoatIs() throws {
        let (first, resume, _) = try sail("ann", b: #"{"reconnect_grace_ms":60000,"tick_rate_hz":50}"#)
        first.socket.socket.reset()
        #expect(try server.eventually { try server.subscribers(of: "b") == 0 })
        let second = try StreamV2Client(server, "shard=a&sid=ann&resume_token=\(resume)")
        let hello = try second.next("hello")
        #expect(hello["shard"]?.string == "b" && hello["moved_from"]?.string == "a")
        #expect(hello["resumed"]?.bool == true)
        try second.send(#"{"input":{"row":3},"client_seq":2}"#)
        _ = try second.next("ack")
        #expect(try second.next("keyframe")["strokes"]?["ann"]?.int == 3)
        #expect(try server.metric("pylon_streams_forwarded_total") == 1)
        #expect(server.stop() == 0)
    }

    @Test func aStreamOfV1GoesOnWhereTheBoatIs() throws {
        _ = try sail("ann", b: #"{"tick_rate_hz":50,"reconnect_grace_ms":60000}"#)
        let client = try server.join("a", as: "ann")
        try client.send(text: #"{"input":{"row":3}}"#)
        #expect(try client.snapshot { $0.json["strokes"]?["ann"]?.int == 3 } != nil)
        #expect(server.stop() == 0)
    }

    @Test func anEventStreamIsToldAtOnce() throws {
        _ = try sail("ann", b: #"{"tick_rate_hz":50,"reconnect_grace_ms":60000}"#)
        var endings: [String] = []
        for query in ["connect?sid=ann&proto=2", "connect?sid=ann", "events?sid=ann"] {
            let stream = try EventStreamClient(
                port: server.port, "/api/shards/a/\(query)", token: ServerHarness.adminToken)
            while let event = try stream.next() { endings.append("\(event.name) \(event.data)") }
        }
        #expect(endings.count == 3)
        #expect(endings[0].hasPrefix(#"bye {"type":"bye","code":"MOVED""#) && endings[0].hasSuffix(#""shard":"b"}"#))
        #expect(Array(endings[1...]) == Array(repeating: #"end {"reason":"moved to another shard"}"#, count: 2))
        #expect(try server.get("/metrics", token: ServerHarness.adminToken).status == 200)
        #expect(server.stop() == 0)
    }

    @Test func aPrivateShardIsOpenOnlyToWhoeverWasMovedThere() throws {
        let guest = try server.guest()
        let (_, resume, _) = try sail(
            guest.userID, token: guest.token, b: #"{"private":true,"join_code":"sesame","reconnect_grace_ms":60000}"#)
        // Without the token from the old shard the code is asked for, as at the door.
        let refused = try StreamV2Client(server, "shard=a&sid=\(guest.userID)", token: guest.token)
        #expect(try refused.next("bye")["code"]?.string == "UNAUTHORIZED")
        guard case .close(1008, _) = try refused.next() else {
            Issue.record("not closed")
            return
        }
        let wrong = try StreamV2Client(server, "shard=a&sid=\(guest.userID)&code=wrong!", token: guest.token)
        #expect(try wrong.next("bye")["code"]?.string == "UNAUTHORIZED")
        for query in ["&code=sesame", "&resume_token=\(resume)"] {
            let client = try StreamV2Client(server, "shard=a&sid=\(guest.userID)\(query)", token: guest.token)
            #expect(try client.next("hello")["shard"]?.string == "b")
        }
        // Somebody else does not come in by that name at all.
        let other = try StreamV2Client(
            server, "shard=a&sid=\(guest.userID)&resume_token=\(resume)&code=sesame", token: try server.guest().token)
        #expect(try other.next("bye")["code"]?.string == "UNAUTHORIZED")
        #expect(server.stop() == 0)
    }

    @Test func whoeverWasMovedIntoAPrivateShardComesBackByItsToken() throws {
        let guest = try server.guest()
        let (first, _, resumeThere) = try sail(
            guest.userID, token: guest.token, b: #"{"private":true,"join_code":"sesame","reconnect_grace_ms":60000}"#)
        let sid = "shard=b&sid=\(guest.userID)"
        first.socket.socket.reset()
        #expect(try server.eventually { try server.subscribers(of: "b") == 0 })
        #expect(try StreamV2Client(server, sid, token: guest.token).next("bye")["code"]?.string == "UNAUTHORIZED")
        let wrong = sid + "&resume_token=" + String(repeating: "0", count: 32)
        #expect(try StreamV2Client(server, wrong, token: guest.token).next("bye")["code"]?.string == "UNAUTHORIZED")
        let path = "/api/shards/b/connect?proto=2&sid=\(guest.userID)&resume_token="
        let refused = try server.get(path + String(repeating: "0", count: 32), token: guest.token)
        #expect(refused.status == 403 && refused.errorCode == "UNAUTHORIZED")
        let second = try StreamV2Client(server, sid + "&resume_token=\(resumeThere)", token: guest.token)
        let hello = try second.next("hello")
        #expect(hello["resumed"]?.bool == true)
        second.socket.socket.reset()
        #expect(try server.eventually { try server.subscribers(of: "b") == 0 })
        let stream = try EventStreamClient(
            port: server.port, path + (hello["resume"]?.string ?? ""), token: guest.token)
        #expect(try JSONParser.parse(try #require(try stream.next()).data)["resumed"]?.bool == true)
        #expect(server.stop() == 0)
    }

    @Test func itIsStillKnownWhenTheServerWasKilled() throws {
        let folder = try AppFolder(manifest: HandoffTests.manifest)
        let first = try ServerHarness(folder.flags)
        let keeping = #""tick_rate_hz":50,"checkpoint_ticks":1000,"journal":true"#
        try first.createShard("a", "ferry", #"{"boats":1,"passenger":"ann",\#(keeping)}"#)
        try first.createShard("b", "ferry", "{\(keeping)}")
        let client = try StreamV2Client(first, "shard=a&sid=ann")
        _ = try client.next("hello")
        try client.send(#"{"input":{"sail":"b"},"client_seq":1}"#)
        #expect(try client.next("hello")["shard"]?.string == "b")
        // A step of "a" behind the answer is stored when its newcomer sees it.
        _ = try first.join("a", as: "watcher").nextSnapshot()
        first.signal(SIGKILL)
        #expect(first.waitForExit() == 128 + SIGKILL)
        let second = try ServerHarness(folder.flags)
        let hello = try StreamV2Client(second, "shard=a&sid=ann").next("hello")
        #expect(hello["shard"]?.string == "b" && hello["moved_from"]?.string == "a")
        #expect(hello["resumed"]?.bool == false)
        #expect(second.stop() == 0)
    }
}
