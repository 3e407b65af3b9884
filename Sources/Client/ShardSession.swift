internal import PylonBytes
internal import PylonJSON
internal import PylonReplication
internal import PylonTime

/// What a client knows of its shard from stream to stream: what was sent and not acknowledged, the seat, the place in the events.
///
/// A value that does no I/O and reads no clock: messages in, steps out.
struct ShardSession {
    /// Inputs kept until they are acknowledged: ten seconds of 60 a second. The oldest go.
    static let unacknowledgedMaximum = 600
    /// How long an answer to the request for a keyframe may take: until then frames are of no use, and servers answer one a second.
    static let keyframePatience: Duration = .seconds(1)
    /// Pings whose answers are still awaited.
    static let pingsAwaitedMaximum = 16

    /// What the connection does next.
    enum Step {
        case deliver(ShardMessage)
        case send([UInt8], isText: Bool)
        /// An input that did not arrive on the stream before.
        case sendAgain([UInt8])
        /// States come and inputs go from now on.
        case becomeLive
        /// The stream is of no use.
        case give(up: ClientError)
    }

    private struct SentInput {
        let sequence: UInt64
        let message: [UInt8]
    }

    private let options: ShardOptions
    /// The version of the present stream; nil while it is not known.
    private(set) var isV2: Bool?
    private(set) var hello: ShardHello?
    private(set) var clock = ServerClock()
    /// The newest input that the world contains.
    private(set) var acknowledged: UInt64 = 0
    private(set) var resumeToken: String?
    /// The shard that has the subscriber: another than asked for once what it plays has moved.
    private(set) var shard: String
    /// The newest event that was delivered, or the number that the stream began behind.
    private(set) var eventLast: UInt64?
    /// The present stream's last words.
    private(set) var bye: ShardBye?
    private var sequence: UInt64 = 0
    private var unacknowledged = Deque<SentInput>()
    /// What frames of a world of entities are handed to.
    private(set) var replica: Replica?
    /// The states that deltas lead from; nil where the server sends none.
    private var states: StateHistory?
    private var keyframeAsked: Instant?
    /// Whether one is needed that could not be asked for yet.
    private var wantsKeyframe = false
    private var pings = Deque<(id: UInt64, sent: Instant)>()
    private var pingLast: UInt64 = 0

    init(options: ShardOptions) {
        self.options = options
        shard = options.shard
    }

    /// How many inputs have been sent and not acknowledged; none on a stream v1, which acknowledges nothing.
    var unacknowledgedCount: Int { unacknowledged.count }

    // MARK: Streams

    /// What the next request's query asks for besides the shard's name.
    var query: [(name: String, value: String)] {
        var query = options.query
        if let subscriber = options.subscriber { query.append(("sid", subscriber)) }
        guard options.prefersVersion2 else { return query }
        if options.followsEvents { query.append(("events", "1")) }
        if options.takesDeltas { query.append(("deltas", "1")) }
        if let resumeToken { query.append(("resume_token", resumeToken)) }
        if options.followsEvents, let eventLast { query.append(("resume_events", String(eventLast))) }
        return query
    }

    /// A stream opens. Whether it is of v2 is said by a WebSocket's subprotocol; by an event stream's first event otherwise.
    mutating func opened(isV2: Bool?) -> [Step] {
        self.isV2 = isV2
        hello = nil
        bye = nil
        forgetState()
        // A stream v2 is made live by its hello.
        return isV2 == false ? [.becomeLive] : []
    }

    /// The stream is over.
    mutating func ended() {
        isV2 = nil
        pings.removeAll()
    }

    /// The events behind the cursor are gone: the next stream starts without one.
    mutating func forgetCursor() {
        eventLast = nil
    }

    /// An event is on its way to the reader.
    mutating func delivered(event sequence: UInt64) {
        eventLast = sequence
    }

    private mutating func forgetState() {
        clock.reset()
        pings.removeAll()
        replica = nil
        states = nil
        keyframeAsked = nil
        wantsKeyframe = false
    }

    // MARK: Sending

    /// An input as it goes out. Nothing is noted before ``sent(_:sequence:)``.
    func input(_ input: JSONValue, tick: Tick?) -> (sequence: UInt64, message: [UInt8]) {
        let sequence = sequence + 1
        let tick = isV2 == true ? tick : nil
        return (sequence, OutgoingMessage.input(input, sequence: sequence, tick: tick))
    }

    /// The input has gone out.
    mutating func sent(_ message: [UInt8], sequence: UInt64) {
        self.sequence = sequence
        guard isV2 == true else { return }
        unacknowledged.append(SentInput(sequence: sequence, message: message))
        if unacknowledged.count > Self.unacknowledgedMaximum { unacknowledged.removeFirst() }
    }

    /// A ping, noted as awaited.
    mutating func ping(at now: Instant) -> [UInt8] {
        pingLast += 1
        pings.append((pingLast, now))
        if pings.count > Self.pingsAwaitedMaximum { pings.removeFirst() }
        return OutgoingMessage.ping(id: pingLast, milliseconds: now.inMilliseconds)
    }

    // MARK: Messages

    /// What follows from a text message, of `bytesCount` bytes where it came in an envelope.
    mutating func received(_ message: IncomingMessage, bytesCount: Int, at now: Instant) -> [Step] {
        var steps: [Step] = []
        if isV2 == nil {
            // An older server takes no notice of `proto=2`: its stream begins with a state.
            if case .hello = message { isV2 = true } else { isV2 = false }
            if isV2 == false { steps.append(.becomeLive) }
        }
        switch message {
        case .hello(let hello): greeted(hello, &steps)
        case .acknowledgement(let acknowledgement): acknowledge(acknowledgement, &steps)
        case .refusal(let refusal): refused(refusal, at: now, &steps)
        case .event(let event):
            // One that was delivered already is not delivered again, whatever a server sends.
            if event.sequence > eventLast ?? 0 { steps.append(.deliver(.event(event))) }
        case .pong(let pong): answered(pong, at: now)
        case .bye(let bye):
            self.bye = bye
            if bye.code == "MOVED" { move(to: bye.shard) }
            steps.append(.deliver(.bye(bye)))
        case .state(let tick, let json): show(Array(json), tick, bytesCount, now, &steps)
        case .delta(let tick, let baseAge, let operations):
            apply(operations, tick, baseAge: baseAge, bytesCount, now, &steps)
        case .stateValue(let tick, let json):
            steps.append(.deliver(.state(state(.value(json), tick, bytesCount, now))))
        case .entities(let frame, let clientSequence):
            apply(frame, clientSequence, bytesCount, now, &steps)
        case .unknown: break
        }
        return steps
    }

    private func state(_ content: ShardState.Content, _ tick: Tick, _ bytesCount: Int, _ now: Instant) -> ShardState {
        ShardState(tick: tick, acknowledged: acknowledged, content: content, bytesCount: bytesCount, arrived: now)
    }

    private mutating func greeted(_ hello: ShardHello, _ steps: inout [Step]) {
        forgetState()
        self.hello = hello
        clock.tickRate = hello.tickRate
        resumeToken = hello.resumeToken
        // From another shard on the same connection: its events are numbered anew.
        let isMoved = hello.movedFrom != nil
        if isMoved, !hello.shard.isEmpty { shard = hello.shard }
        if let sequence = hello.eventSequence, isMoved || eventLast == nil { eventLast = sequence }
        if hello.stateKind == .entities {
            do throws(ComponentSchemaError) {
                let schema = try ComponentSchema(json: hello.schema ?? .null)
                replica = Replica(schema: schema, onEvent: options.onReplicaEvent)
            } catch {
                return steps.append(.give(up: .invalidMessage("the schema: \(error)")))
            }
        }
        if hello.json["deltas"]?.bool == true { states = StateHistory() }
        // The state of before it counts for nothing where the seat is another.
        if !hello.isResumed { unacknowledged.removeAll() }
        steps.append(.becomeLive)
        steps.append(.deliver(.hello(hello)))
        if let acknowledgement = hello.acknowledgement { acknowledge(acknowledgement, &steps) }
        // What did not arrive on the old stream is sent again, in order; behind a move it was refused, or reaches the new shard.
        guard !isMoved else { return }
        for index in 0..<unacknowledged.count { steps.append(.sendAgain(unacknowledged[index].message)) }
    }

    /// What the subscriber plays is in another shard, and this stream does not follow: the seat and the place in the events were the old one's.
    private mutating func move(to target: String?) {
        guard let target, !target.isEmpty else { return }
        shard = target
        resumeToken = nil
        eventLast = nil
    }

    private mutating func acknowledge(_ acknowledgement: InputAcknowledgement, _ steps: inout [Step]) {
        // What this client never sent was another's of the same name, before it.
        guard acknowledgement.clientSequence > acknowledged, acknowledgement.clientSequence <= sequence else { return }
        acknowledged = acknowledgement.clientSequence
        while let oldest = unacknowledged.first, oldest.sequence <= acknowledged { unacknowledged.removeFirst() }
        steps.append(.deliver(.acknowledged(acknowledgement)))
    }

    private mutating func refused(_ refusal: InputRefusal, at now: Instant, _ steps: inout [Step]) {
        // What every later frame would build on is wrong: only a whole state helps.
        if refusal.code == "DESYNC", replica != nil { askForKeyframe(at: now, &steps) }
        if let sequence = refusal.clientSequence {
            var kept = Deque<SentInput>()
            for index in 0..<unacknowledged.count where unacknowledged[index].sequence != sequence {
                kept.append(unacknowledged[index])
            }
            unacknowledged = kept
        }
        steps.append(.deliver(.refused(refusal)))
    }

    private mutating func answered(_ pong: IncomingMessage.Pong, at now: Instant) {
        // Answers come in the order of the pings; one that nobody awaits says nothing.
        while let ping = pings.first, ping.id <= pong.id {
            pings.removeFirst()
            guard ping.id == pong.id else { continue }
            clock.add(
                ServerClock.Sample(
                    sent: ping.sent, received: now, serverMilliseconds: pong.serverMilliseconds, tick: pong.tick,
                    tickAgeMilliseconds: pong.tickAgeMilliseconds))
        }
    }

    private mutating func apply(
        _ frame: EntityFrame, _ clientSequence: UInt64?, _ bytesCount: Int, _ now: Instant, _ steps: inout [Step]
    ) {
        guard let replica else {
            return steps.append(.deliver(.failure(.invalidMessage("a frame of entities in a world of JSON"))))
        }
        switch replica.apply(frame) {
        case .skipped: break
        case .needsKeyframe: askForKeyframe(at: now, &steps)
        case .failed(let reason):
            steps.append(.deliver(.failure(.invalidMessage("a frame: \(reason)"))))
            askForKeyframe(at: now, &steps)
        case .applied:
            if frame.baseAge == 0 { wantsKeyframe = false } else if wantsKeyframe { askForKeyframe(at: now, &steps) }
            steps.append(.send(OutgoingMessage.acknowledgement(frame.tick), isText: false))
            if let hashTicks = hello?.hashTicks, hashTicks > 0, frame.tick.number % UInt64(hashTicks) == 0 {
                steps.append(.send(OutgoingMessage.hash(replica.viewHash, tick: frame.tick), isText: true))
            }
            if let clientSequence {
                acknowledge(InputAcknowledgement(clientSequence: clientSequence, tick: frame.tick), &steps)
            }
            steps.append(.deliver(.state(state(.entities(replica), frame.tick, bytesCount, now))))
        }
    }

    // MARK: States of JSON

    /// A whole state has come.
    private mutating func show(
        _ json: [UInt8], _ tick: Tick, _ bytesCount: Int, _ now: Instant, _ steps: inout [Step]
    ) {
        states?.keep(json, tick)
        acknowledgeState(tick, &steps)
        steps.append(.deliver(.state(state(.text(json), tick, bytesCount, now))))
    }

    private mutating func apply(
        _ operations: UnsafeRawBufferPointer, _ tick: Tick, baseAge: UInt64, _ bytesCount: Int, _ now: Instant,
        _ steps: inout [Step]
    ) {
        switch states?.apply(operations, tick, baseAge: baseAge) ?? .baseMissing {
        case .state(let json):
            acknowledgeState(tick, &steps)
            steps.append(.deliver(.state(state(.text(json), tick, bytesCount, now))))
        case .baseMissing: askForKeyframe(at: now, &steps)
        case .malformed:
            steps.append(.deliver(.failure(.invalidMessage("a delta"))))
            askForKeyframe(at: now, &steps)
        }
    }

    private mutating func acknowledgeState(_ tick: Tick, _ steps: inout [Step]) {
        guard states?.takeAcknowledgement() == true else { return }
        steps.append(.send(OutgoingMessage.acknowledgement(tick), isText: false))
    }

    private mutating func askForKeyframe(at now: Instant, _ steps: inout [Step]) {
        wantsKeyframe = true
        if let keyframeAsked, now < keyframeAsked + Self.keyframePatience { return }
        wantsKeyframe = false
        keyframeAsked = now
        steps.append(.send(OutgoingMessage.keyframe(), isText: true))
    }
}
