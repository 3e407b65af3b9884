import PylonBytes
import PylonJSON
import PylonStreamProtocol
import Testing

@Suite struct ServerMessageTests {
    private static let vectors = Dictionary(
        Vector.all("server").map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })

    private func expect(_ name: String, _ write: (inout JSONWriter) -> Void) throws {
        let vector = try #require(Self.vectors[name])
        var json = JSONWriter()
        write(&json)
        #expect(json.text == String(decoding: vector.bytes, as: UTF8.self))
        #expect(try JSONParser.parse(json.text) == vector.means)
    }

    private func hello() -> ServerMessage.Hello {
        var hello = ServerMessage.Hello()
        hello.shard = "zone1"
        hello.subscriber = "u1"
        hello.tick = 120
        hello.settings.tickRateHertz = 20
        hello.settings.inputsPerSecond = 60
        hello.settings.reconnectGraceMilliseconds = 30_000
        hello.serverMilliseconds = 1_234_567.125
        hello.resumeToken = "00112233445566778899aabbccddeeff"
        return hello
    }

    @Test func helloIsWrittenAsTheVectorsHaveIt() throws {
        try expect("hello") { ServerMessage.write(hello(), into: &$0) }
        var resumed = hello()
        resumed.isResumed = true
        resumed.acknowledgement = .init(clientSequence: 7, sequence: 12, tick: 41)
        resumed.eventSequence = 1_700_000_000_000_000
        try expect("hello of a resumed seat with events") { ServerMessage.write(resumed, into: &$0) }
        var moved = hello()
        moved.shard = "zone2"
        moved.tick = 512
        moved.isResumed = true
        moved.movedFrom = "zone1"
        moved.acknowledgement = .init(clientSequence: 18, sequence: 0, tick: 511)
        try expect("hello of a stream that has moved") { ServerMessage.write(moved, into: &$0) }
    }

    @Test func answersAreWrittenAsTheVectorsHaveThem() throws {
        try expect("ack") { ServerMessage.write(.init(clientSequence: 7, sequence: 12, tick: 42), into: &$0) }
        try expect("error") {
            ServerMessage.writeError(
                .inputRejected, "the input does not fit: \"dx\" is missing", clientSequence: 7, into: &$0)
        }
        try expect("error of a message without a number") {
            ServerMessage.writeError(.invalidMessage, "\"tick\" is missing", clientSequence: nil, into: &$0)
        }
        try expect("desync") {
            ServerMessage.writeError(
                .desync, "the state of tick 64 is another here", clientSequence: nil, tick: 64, into: &$0)
        }
        try expect("pong") {
            ServerMessage.writePong(
                id: 1, clientMilliseconds: 1234.5,
                .init(serverMilliseconds: 99000.0622, tick: 120, tickAgeMilliseconds: 12.5), into: &$0)
        }
        try expect("pong without a time") {
            ServerMessage.writePong(
                id: 0, clientMilliseconds: nil, .init(serverMilliseconds: 99000, tick: 0, tickAgeMilliseconds: 0),
                into: &$0)
        }
    }

    @Test func goodbyesAreWrittenAsTheVectorsHaveThem() throws {
        try expect("bye") {
            ServerMessage.write(.init(.finished, reason: "shard finished", retryAfterMilliseconds: nil), into: &$0)
        }
        try expect("bye with a time") {
            ServerMessage.write(
                .init(.goingAway, reason: "server shutting down, reconnect", retryAfterMilliseconds: 2000), into: &$0)
        }
        try expect("bye to a stream that cannot move") {
            ServerMessage.write(
                .init(.moved, reason: "moved to another shard", retryAfterMilliseconds: 50, shard: "zone2"), into: &$0)
        }
        try expect("bye for a resync") {
            ServerMessage.write(
                .init(
                    .resyncRequired, reason: "resync required: oldest_seq=1700000000000005",
                    retryAfterMilliseconds: nil, oldestSequence: 1_700_000_000_000_005), into: &$0)
        }
    }

    @Test func eventsAreWrittenAsTheVectorsHaveThem() throws {
        try Array(#"{"goal":1}"#.utf8).withUnsafeBytes { event in
            try expect("event") {
                ServerMessage.writeEvent(number: 1_700_000_000_000_001, event: event, into: &$0)
            }
        }
    }

    @Test func binaryVectorsBeginWithTheTypesOfTheirMeaning() throws {
        for vector in Self.vectors.values where !vector.isText {
            guard let means = vector.means else { continue }
            if means["type"] == "entities" {
                let head = StateFrameHead(
                    tick: UInt64(try #require(means["tick"]?.int)),
                    baseAge: UInt64(try #require(means["base_age"]?.int)),
                    acknowledged: means["client_seq"]?.int.map { UInt64($0) })
                var buffer = ByteBuffer()
                head.write(into: &buffer)
                let text = try #require(means["body"]?.string)
                buffer.append(try #require(Hex.decode(text)))
                let written = buffer.copyBytes()
                #expect(written == vector.bytes, "\(vector.name)")
                continue
            }
            #expect(means["type"] == "keyframe" && vector.bytes[0] == ServerMessage.keyframeType)
            #expect(vector.bytes[1..<9].reduce(0) { $0 << 8 | Int($1) } == means["tick"]?.int)
            #expect(try JSONParser.parse(Array(vector.bytes[9...])) == means["state"])
        }
    }

    @Test func codesAreStable() {
        let errors = [
            "INVALID_MESSAGE", "INPUT_REJECTED", "UNAUTHORIZED", "RATE_LIMITED", "INPUT_QUEUE_FULL", "STOPPED",
            "MOVED", "DESYNC",
        ]
        #expect(StreamErrorCode.allCases.map(\.rawValue) == errors)
        let goodbyes = [
            "FINISHED", "STOPPED", "GOING_AWAY", "TOO_SLOW", "REPLACED", "MOVED", "UNAUTHORIZED", "FULL",
            "RESYNC_REQUIRED", "PROTOCOL_ERROR",
        ]
        #expect(StreamByeCode.allCases.map(\.rawValue) == goodbyes)
    }
}
