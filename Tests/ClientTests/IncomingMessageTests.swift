internal import PylonBytes
internal import PylonJSON
internal import PylonTime
internal import Testing

@testable internal import PylonClient

@Suite struct IncomingMessageTests {
    private static let hello = """
        {"type":"hello","proto":2,"shard":"zone1","sid":"u1","tick":120,"tick_rate_hz":20,"ticks_per_snapshot":2,\
        "server_ms":1234567.125,"resume":"ab","resumed":true,"state":"json","ack":{"client_seq":7,"seq":9,"tick":41},\
        "event_seq":1700000000000001,"more":[1]}
        """

    private func text(_ text: String) throws -> IncomingMessage {
        try Array(text.utf8).withUnsafeBytes { try IncomingMessage(text: $0) }
    }

    private func binary(_ bytes: [UInt8]) throws -> IncomingMessage {
        try bytes.withUnsafeBytes { try IncomingMessage(version2: $0) }
    }

    // MARK: Text

    @Test func helloSaysWhatTheStreamIs() throws {
        guard case .hello(let hello) = try text(Self.hello) else { throw Unexpected() }
        #expect(hello.shard == "zone1")
        #expect(hello.subscriber == "u1")
        #expect(hello.tick == Tick(120))
        #expect(hello.tickRate == .standard)
        #expect(hello.ticksPerSnapshot == 2)
        #expect(hello.serverMilliseconds == 1_234_567.125)
        #expect(hello.resumeToken == "ab")
        #expect(hello.isResumed)
        #expect(hello.stateKind == .json)
        #expect(hello.acknowledgement == InputAcknowledgement(clientSequence: 7, tick: Tick(41)))
        #expect(hello.eventSequence == 1_700_000_000_000_001)
        #expect(hello.json["more"] == [1])
    }

    @Test func messagesSayWhatTheyAre() throws {
        guard case .acknowledgement(let ack) = try text(#"{"type":"ack","client_seq":7,"seq":12,"tick":42}"#),
            case .refusal(let refusal) = try text(#"{"type":"error","code":"X","message":"no","client_seq":null}"#),
            case .event(let event) = try text(#"{"type":"event","seq":5,"event":{"goal":1}}"#),
            case .pong(let pong) = try text(
                #"{"type":"pong","id":1,"client_ms":null,"server_ms":9.5,"tick":3,"tick_age_ms":0}"#),
            case .bye(let bye) = try text(#"{"type":"bye","code":"GOING_AWAY","reason":"r","retry_after_ms":2000}"#),
            case .stateValue(let oldTick, let old) = try text(#"{"tick":5,"snapshot":[1]}"#)
        else { throw Unexpected() }
        #expect(ack == InputAcknowledgement(clientSequence: 7, tick: Tick(42)))
        #expect(refusal == InputRefusal(code: "X", message: "no", clientSequence: nil))
        #expect(event.sequence == 5)
        #expect(event.event == ["goal": 1])
        #expect(pong.serverMilliseconds == 9.5)
        #expect(bye == ShardBye(code: "GOING_AWAY", reason: "r", retryAfter: .seconds(2)))
        #expect((oldTick, old) == (Tick(5), [1]))
    }

    @Test func messagesOfLaterVersionsArePassedOver() throws {
        guard case .unknown = try text(#"{"type":"weather","rain":true}"#), case .unknown = try text("{}"),
            case .unknown = try binary([0x77, 1, 2]), case .unknown = try binary([6])
        else { throw Unexpected() }
    }

    @Test(arguments: [
        "", "{", "[]", "1", "null", "\"ack\"", "{}x", "\u{FEFF}{}", #"{"type":"ack"}"#,
        #"{"type":"ack","client_seq":-1,"tick":1}"#, #"{"type":"ack","client_seq":1.5,"tick":1}"#,
        #"{"type":"ack","client_seq":"1","tick":1}"#, #"{"type":"ack","client_seq":9223372036854775808,"tick":1}"#,
        #"{"type":"hello"}"#, #"{"type":"hello","proto":3,"tick":1,"server_ms":1}"#,
        #"{"type":"hello","proto":2,"tick":1,"server_ms":"x"}"#, #"{"type":"hello","proto":2,"tick":1,"server_ms":-1}"#,
        #"{"type":"hello","proto":2,"tick":1,"server_ms":1,"ack":{}}"#, #"{"type":"error"}"#, #"{"type":"bye"}"#,
        #"{"type":"error","code":1}"#, #"{"type":"event","seq":1}"#, #"{"type":"event","event":1}"#,
        #"{"type":"pong","id":1,"server_ms":1e999,"tick":1,"tick_age_ms":0}"#, #"{"type":"pong"}"#,
        #"{"type":"bye","code":"X","retry_after_ms":-5}"#, #"{"snapshot":1}"#,
    ])
    func whatIsNoMessageIsRefused(message: String) {
        #expect(throws: ClientError.self) { try text(message) }
    }

    @Test func aHelloCutAnywhereIsRefused() {
        for count in 0..<Self.hello.utf8.count {
            #expect(throws: ClientError.self) {
                try text(String(decoding: Array(Self.hello.utf8.prefix(count)), as: UTF8.self))
            }
        }
    }

    @Test func nobodyIsMadeToWaitForYears() throws {
        let message = #"{"type":"bye","code":"FULL","reason":"","retry_after_ms":9223372036854775807}"#
        guard case .bye(let bye) = try text(message) else { throw Unexpected() }
        #expect(bye.retryAfter == .seconds(86_400))
    }

    // MARK: Binary

    @Test func aStateOfV2IsTypeTickAndJSON() throws {
        guard case .state(let tick, _) = try binary([2, 0, 0, 0, 0, 0, 0, 0, 42, 0x31]) else { throw Unexpected() }
        #expect(tick == Tick(42))
    }

    @Test func aStateOfV1IsTickAndJSON() throws {
        let bytes: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 42] + Array(#"{"n":1}"#.utf8)
        try bytes.withUnsafeBytes { bytes in
            guard case .state(Tick(42), let json) = try IncomingMessage(version1: bytes) else { throw Unexpected() }
            #expect(String(decoding: json, as: UTF8.self) == #"{"n":1}"#)
        }
        for count in 0...8 {
            #expect(throws: ClientError.self) {
                try bytes.prefix(count).withUnsafeBytes { _ = try IncomingMessage(version1: $0) }
            }
        }
    }

    @Test(
        arguments: [
            ([0], [0], [0], 0, 0, nil), ([0xAC, 2], [5], [8], 300, 5, 7),
            ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1], [0], [1], .max, 0, 0),
        ] as [([UInt8], [UInt8], [UInt8], UInt64, UInt64, UInt64?)])
    func entityFramesHaveAHead(
        tick: [UInt8], age: [UInt8], ack: [UInt8], tickNumber: UInt64, ageNumber: UInt64, sequence: UInt64?
    ) throws {
        let bytes = [3] + tick + age + ack + [9, 9]
        try bytes.withUnsafeBytes { bytes in
            guard case .entities(let frame, let clientSequence) = try IncomingMessage(version2: bytes) else {
                throw Unexpected()
            }
            #expect(frame.tick == Tick(tickNumber))
            #expect(frame.baseAge == ageNumber)
            #expect(Array(frame.body) == [9, 9])
            #expect(clientSequence == sequence)
        }
    }

    @Test(
        arguments: [
            [], [2], [2, 0, 0], [2, 0, 0, 0, 0, 0, 0, 0, 42], [3], [3, 1], [3, 1, 0], [3, 0x80], [3, 1, 2, 0],
            [3, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0],
            [3, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 0, 0],
        ] as [[UInt8]])
    func binaryMessagesThatAreNoneAreRefused(bytes: [UInt8]) {
        #expect(throws: ClientError.self) { try binary(bytes) }
    }

    // MARK: Event streams

    @Test func eventsOfBothVersionsAreRead() throws {
        func event(_ name: String, _ id: String, _ data: String) throws -> IncomingMessage {
            try Array(data.utf8).withUnsafeBytes { try IncomingMessage(eventName: name, id: id, data: $0) }
        }
        guard case .state(Tick(42), _) = try event("message", "42", "{}"),
            case .bye(let bye) = try event("end", "", #"{"reason":"shard finished"}"#),
            case .state(Tick(3), _) = try event("keyframe", "3", #"{"n":1}"#),
            case .hello = try event("hello", "", Self.hello)
        else { throw Unexpected() }
        #expect(bye == ShardBye(code: nil, reason: "shard finished", retryAfter: nil))
        #expect(throws: ClientError.self) { try event("message", "", "{}") }
        #expect(throws: ClientError.self) { try event("keyframe", "", "{}") }
        #expect(throws: ClientError.self) { try event("message", "-1", "{}") }
        #expect(throws: ClientError.self) { try event("end", "", "") }
    }
}

/// A message turned out to be another.
struct Unexpected: Error {}
