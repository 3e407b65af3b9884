internal import PylonJSON
internal import PylonTime
internal import Testing

@testable internal import PylonClient

@Suite struct ShardSessionTests {
    private var session = ShardSession(options: ShardOptions(shard: "zone"))
    private let now = Instant(nanoseconds: 1_000_000_000)

    private mutating func receive(_ text: String) throws -> [ShardSession.Step] {
        let message = try Array(text.utf8).withUnsafeBytes { try IncomingMessage(text: $0) }
        return session.received(message, bytesCount: text.utf8.count, at: now)
    }

    private mutating func greet(resumed: Bool = false, _ more: String = "") throws -> [ShardSession.Step] {
        try receive(
            #"{"type":"hello","proto":2,"tick":1,"tick_rate_hz":20,"server_ms":1,"resume":"t","resumed":\#(resumed)\#(more)}"#
        )
    }

    @discardableResult
    private mutating func send(_ input: JSONValue) -> UInt64 {
        let (sequence, message) = session.input(input, tick: nil)
        session.sent(message, sequence: sequence)
        return sequence
    }

    private func texts(_ steps: [ShardSession.Step]) -> [String] {
        steps.compactMap {
            switch $0 {
            case .send(let bytes, _), .sendAgain(let bytes): String(decoding: bytes, as: UTF8.self)
            default: nil
            }
        }
    }

    private func isLive(_ steps: [ShardSession.Step]) -> Bool {
        steps.contains { if case .becomeLive = $0 { true } else { false } }
    }

    private func query(_ name: String) -> String? { session.query.first { $0.name == name }?.value }

    // MARK: Versions

    @Test mutating func aStreamOfV1IsLiveAtOnce() {
        #expect(isLive(session.opened(isV2: false)))
        #expect(session.input(1, tick: Tick(5)).message == OutgoingMessage.input(1, sequence: 1))
    }

    @Test mutating func aStreamOfV2IsLiveWithItsHello() throws {
        #expect(!isLive(session.opened(isV2: true)))
        #expect(isLive(try greet()))
        #expect(session.hello?.resumeToken == "t")
        #expect(session.input(1, tick: Tick(5)).message == OutgoingMessage.input(1, sequence: 1, tick: Tick(5)))
    }

    @Test mutating func anEventStreamTellsItsVersionByItsFirstEvent() throws {
        #expect(!isLive(session.opened(isV2: nil)))
        #expect(isLive(try receive(#"{"tick":1,"snapshot":{}}"#)))
        #expect(session.isV2 == false)
        session.ended()
        #expect(!isLive(session.opened(isV2: nil)))
        #expect(isLive(try greet()))
        #expect(session.isV2 == true)
    }

    // MARK: Inputs

    @Test mutating func inputsAreKeptUntilTheyAreAcknowledged() throws {
        _ = session.opened(isV2: true)
        _ = try greet()
        for _ in 1...3 { send(1) }
        #expect(session.unacknowledgedCount == 3)
        _ = try receive(#"{"type":"ack","client_seq":2,"seq":9,"tick":4}"#)
        #expect(session.unacknowledgedCount == 1)
        #expect(session.acknowledged == 2)
        // An older one changes nothing.
        #expect(try receive(#"{"type":"ack","client_seq":1,"seq":8,"tick":3}"#).isEmpty)
        _ = try receive(#"{"type":"error","code":"INPUT_REJECTED","message":"","client_seq":3}"#)
        #expect(session.unacknowledgedCount == 0)
    }

    @Test mutating func aResumedStreamGetsWhatDidNotArrive() throws {
        _ = session.opened(isV2: true)
        _ = try greet()
        for input in 1...4 { send(.integer(Int64(input))) }
        session.ended()
        #expect(query("resume_token") == "t")
        _ = session.opened(isV2: true)
        let steps = try greet(resumed: true, #","ack":{"client_seq":2,"seq":2,"tick":7}"#)
        #expect(texts(steps) == [#"{"input":3,"client_seq":3}"#, #"{"input":4,"client_seq":4}"#])
        #expect(session.acknowledged == 2)
        #expect(send(5) == 5, "numbers go on")
    }

    @Test mutating func aStreamThatIsNotResumedGetsNothingOld() throws {
        _ = session.opened(isV2: true)
        _ = try greet()
        send(1)
        session.ended()
        _ = session.opened(isV2: true)
        #expect(texts(try greet(resumed: false)).isEmpty)
        #expect(session.unacknowledgedCount == 0)
    }

    @Test mutating func atMost600InputsAreKept() throws {
        _ = session.opened(isV2: true)
        _ = try greet()
        for _ in 1...700 { send(1) }
        #expect(session.unacknowledgedCount == 600)
        session.ended()
        _ = session.opened(isV2: true)
        #expect(texts(try greet(resumed: true)).first == #"{"input":1,"client_seq":101}"#)
    }

    @Test mutating func aStreamOfV1KeepsNone() {
        _ = session.opened(isV2: false)
        send(1)
        #expect(session.unacknowledgedCount == 0)
    }

    // MARK: Events

    @Test mutating func eventsAreResumedBehindTheLastDelivered() throws {
        var options = ShardOptions(shard: "zone")
        options.followsEvents = true
        session = ShardSession(options: options)
        #expect(query("events") == "1")
        #expect(query("resume_events") == nil)
        _ = session.opened(isV2: true)
        _ = try greet(#","event_seq":100"#)
        #expect(query("resume_events") == "100")
        #expect(try receive(#"{"type":"event","seq":101,"event":1}"#).count == 1)
        session.delivered(event: 101)
        #expect(query("resume_events") == "101")
        #expect(try receive(#"{"type":"event","seq":101,"event":1}"#).isEmpty, "not twice")
        // One that was not delivered does not move the cursor.
        #expect(try receive(#"{"type":"event","seq":102,"event":1}"#).count == 1)
        #expect(query("resume_events") == "101")
        session.forgetCursor()
        #expect(query("resume_events") == nil)
    }

    private mutating func greet(_ more: String) throws -> [ShardSession.Step] { try greet(resumed: false, more) }

    // MARK: Time

    @Test mutating func pongsSetTheClockAndUnaskedOnesDoNot() throws {
        _ = session.opened(isV2: true)
        _ = try greet()
        _ = try receive(#"{"type":"pong","id":1,"server_ms":5000,"tick":1,"tick_age_ms":0}"#)
        #expect(session.clock.roundTrip == nil)
        let sent = Instant(nanoseconds: now.nanoseconds - 30_000_000)
        #expect(String(decoding: session.ping(at: sent), as: UTF8.self).contains(#""id":1"#))
        _ = session.ping(at: now)
        _ = try receive(#"{"type":"pong","id":1,"server_ms":5000,"tick":1,"tick_age_ms":0}"#)
        #expect(session.clock.roundTrip == .milliseconds(30))
        _ = try receive(#"{"type":"pong","id":1,"server_ms":9999,"tick":1,"tick_age_ms":0}"#)
        #expect(session.clock.roundTrip == .milliseconds(30), "answered already")
        #expect(session.clock.tickRate == .standard)
    }

    @Test mutating func pingsThatNobodyAnswersAreForgotten() throws {
        _ = session.opened(isV2: true)
        _ = try greet()
        for _ in 0..<100 { _ = session.ping(at: now) }
        _ = try receive(#"{"type":"pong","id":50,"server_ms":1,"tick":1,"tick_age_ms":0}"#)
        #expect(session.clock.roundTrip == nil)
        _ = try receive(#"{"type":"pong","id":85,"server_ms":1,"tick":1,"tick_age_ms":0}"#)
        #expect(session.clock.roundTrip == .zero)
    }

    // MARK: Entities

    private static let schema =
        #","state":"entities","schema":{"version":1,"position":{"axes":[{"min":0,"max":1,"bits":8},{"min":0,"max":1,"bits":8}],"difference_bits":[5,6,8],"weight":1},"types":[{"name":"stone","fields":[]}]}"#

    private mutating func receive(frame bytes: [UInt8], at now: Instant) throws -> [ShardSession.Step] {
        try bytes.withUnsafeBytes { bytes in
            session.received(try IncomingMessage(version2: bytes), bytesCount: bytes.count, at: now)
        }
    }

    @Test mutating func entityFramesGoToTheReplicaAndAreAcknowledged() throws {
        _ = session.opened(isV2: true)
        _ = try greet(Self.schema)
        for _ in 1...7 { _ = send([:]) }
        // Nothing leaves, changes or enters: three numbers that are 0.
        let applied = try receive(frame: [3, 42, 0, 8, 0], at: now)
        #expect(applied.count == 3)
        guard case .send([4, 42], false) = applied[0], case .deliver(.acknowledged(let ack)) = applied[1],
            case .deliver(.state(let state)) = applied[2]
        else { throw Unexpected() }
        #expect(ack == InputAcknowledgement(clientSequence: 7, tick: Tick(42)))
        #expect((state.tick, state.acknowledged) == (Tick(42), 7))
        #expect(state.replica === session.replica)
        #expect(session.replica?.tick == Tick(42))
        #expect(session.replica?.count == 0)
        #expect(try receive(frame: [3, 41, 0, 0, 0], at: now).isEmpty, "an older one")
    }

    @Test mutating func aFrameWhoseBaseIsMissingOrThatIsNoneAsksForAKeyframeOnce() throws {
        _ = session.opened(isV2: true)
        _ = try greet(Self.schema)
        #expect(texts(try receive(frame: [3, 42, 5, 0, 0], at: now)) == [#"{"type":"keyframe"}"#])
        // What is on its way cannot be applied either: not asked again before an answer may have come.
        #expect(try receive(frame: [3, 43, 5, 0, 0], at: now).isEmpty)
        let later = try receive(frame: [3, 44, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], at: now + .seconds(1))
        guard case .deliver(.failure(.invalidMessage))? = later.first else { throw Unexpected() }
        #expect(texts(later) == [#"{"type":"keyframe"}"#])
        #expect(session.replica?.tick == nil)
    }

    @Test mutating func hashesOfTheReplicaAreReportedAndADifferenceAsksForAKeyframe() throws {
        _ = session.opened(isV2: true)
        _ = try greet(#","hash_ticks":21"# + Self.schema)
        #expect(session.hello?.hashTicks == 21)
        let applied = try receive(frame: [3, 42, 0, 0, 0], at: now)
        guard case .send([4, 42], false) = applied[0], case .send(let report, true) = applied[1] else {
            throw Unexpected()
        }
        #expect(report == OutgoingMessage.hash(0xCBF2_9CE4_8422_2325, tick: Tick(42)))
        #expect(
            texts(try receive(frame: [3, 43, 1, 0, 0], at: now)).count == 1, "no hashed tick: an acknowledgement alone")
        let refused = try receive(#"{"type":"error","code":"DESYNC","message":"","client_seq":null,"tick":42}"#)
        #expect(texts(refused) == [#"{"type":"keyframe"}"#])
        guard case .deliver(.refused(let refusal))? = refused.last else { throw Unexpected() }
        #expect(refusal.code == "DESYNC")
        #expect(
            texts(try receive(#"{"type":"error","code":"DESYNC","message":"","client_seq":null,"tick":43}"#)).isEmpty)
    }

    /// A whole state that could not be asked for yet is asked for later, though frames can be applied.
    @Test mutating func aKeyframeThatIsNeededIsAskedForUntilItIsThere() throws {
        _ = session.opened(isV2: true)
        _ = try greet(Self.schema)
        func asks(_ steps: [ShardSession.Step]) -> Bool { texts(steps).contains(#"{"type":"keyframe"}"#) }
        #expect(asks(try receive(frame: [3, 42, 5, 0, 0], at: now)))
        #expect(!asks(try receive(frame: [3, 43, 0, 0, 0], at: now)))
        let desync = try receive(#"{"type":"error","code":"DESYNC","message":"","client_seq":null,"tick":43}"#)
        #expect(!asks(desync), "not twice within a second")
        #expect(!asks(try receive(frame: [3, 44, 1, 0, 0], at: now + .milliseconds(999))))
        #expect(asks(try receive(frame: [3, 45, 1, 0, 0], at: now + .seconds(1))))
        #expect(!asks(try receive(frame: [3, 46, 0, 0, 0], at: now + .seconds(3))))
        #expect(!asks(try receive(frame: [3, 47, 1, 0, 0], at: now + .seconds(3))))
    }

    @Test mutating func aSchemaThatCannotBeReadEndsTheStream() throws {
        _ = session.opened(isV2: true)
        guard case .give(.invalidMessage)? = try greet(#","state":"entities","schema":{"version":2}"#).first else {
            throw Unexpected()
        }
    }

    @Test mutating func aFrameInAWorldOfJSONIsAFailure() throws {
        _ = session.opened(isV2: true)
        _ = try greet()
        guard case .deliver(.failure(.invalidMessage))? = try receive(frame: [3, 1, 0, 0, 0], at: now).first else {
            throw Unexpected()
        }
    }

    // MARK: Deltas

    @Test mutating func deltasLeadFromStatesThatWereAcknowledged() throws {
        _ = session.opened(isV2: true)
        _ = try greet(#","deltas":true"#)
        func shown(_ steps: [ShardSession.Step]) throws -> (acknowledged: [UInt8]?, state: ShardState) {
            guard case .deliver(.state(let state)) = steps.last else { throw Unexpected() }
            guard steps.count == 2, case .send(let bytes, false) = steps[0] else { return (nil, state) }
            return (bytes, state)
        }
        let padding = String(repeating: "x", count: 508)
        let whole = try shown(receive(frame: [2, 0, 0, 0, 0, 0, 0, 0, 1] + Array(#"[1,"\#(padding)"]"#.utf8), at: now))
        #expect(whole.acknowledged == [4, 1])
        // Another digit, and 512 bytes behind the old one.
        let next = try shown(receive(frame: [5, 2, 1, 0, 1, 1, UInt8(ascii: "2"), 2, 0x80, 4, 0], at: now))
        #expect(next.acknowledged == nil && next.state.tick == Tick(2) && next.state.bytesCount == 11)
        #expect(try next.state.json() == [2, .string(padding)])
        // From a tick that never came, and one that fits nothing.
        #expect(texts(try receive(frame: [5, 9, 2, 0, 3, 0], at: now)) == [#"{"type":"keyframe"}"#])
        let malformed = try receive(frame: [5, 10, 8, 0, 0x83, 4, 0], at: now + .seconds(1))
        guard case .deliver(.failure(.invalidMessage))? = malformed.first else { throw Unexpected() }
        #expect(texts(malformed) == [#"{"type":"keyframe"}"#])
        #expect(throws: ClientError.self) { try receive(frame: [5, 1, 2, 0, 3, 0], at: now) }
    }

    @Test mutating func onlyStatesThatDeltasPayForAreAcknowledged() throws {
        _ = session.opened(isV2: true)
        _ = try greet(#","deltas":true"#)
        func frame(_ tick: UInt8, _ count: Int) -> [UInt8] {
            [2, 0, 0, 0, 0, 0, 0, 0, tick] + Array("\"\(String(repeating: "x", count: count - 2))\"".utf8)
        }
        #expect(try receive(frame: frame(1, StateHistory.acknowledgedBytesMinimum - 1), at: now).count == 1)
        let isSaid = try (2...18).map {
            try receive(frame: frame($0, StateHistory.acknowledgedBytesMinimum), at: now).count == 2
        }
        #expect(isSaid.indices.filter { isSaid[$0] } == [0, 8, 16], "each eighth")
        // A delta, then a whole one again: the server has nothing to lead from.
        #expect(try receive(frame: [5, 19, 1, 0, 0x80, 4, 0], at: now).count == 1)
        #expect(try receive(frame: frame(20, StateHistory.acknowledgedBytesMinimum), at: now).count == 2)
    }

    @Test mutating func statesAreNotAcknowledgedWhereNoDeltasCome() throws {
        _ = session.opened(isV2: true)
        _ = try greet()
        #expect(query("deltas") == "1", "asked for all the same")
        #expect(try receive(frame: [2, 0, 0, 0, 0, 0, 0, 0, 1] + Array("[1]".utf8), at: now).count == 1)
        #expect(texts(try receive(frame: [5, 2, 1, 0, 3, 0], at: now)) == [#"{"type":"keyframe"}"#])
    }
}
