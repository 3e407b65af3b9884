internal import PylonBytes
internal import PylonEventLoop
internal import PylonStreamProtocol
internal import PylonTelemetry
internal import PylonTime
internal import PylonWebSocket

/// What leads to the state that is delivered now, from each of the states that clients have: made once for all clients of a loop that have the
/// same. Belongs to the stripe's loop.
final class StateDeltas {
    /// 4 MiB that are compared for one state, whatever its clients have: at the speed of memory that takes less than half a millisecond.
    static let comparedBytesMaximum = 4 << 20
    /// 128 KiB that are searched for one state besides: two milliseconds at worst.
    static let searchedBytesMaximum = 2 * StateDeltaEncoder.searchedBytesMaximum
    /// After 8 states in a row of which nobody was sent a delta, because the whole was no longer, the next 64 are not looked at.
    private static let uselessMaximum = 8
    private static let statesPassedOver = 64

    private struct Made {
        let base: Tick
        /// The message; nil when the whole state is better.
        let message: SharedBytes?
    }

    private let counters: FanoutCounters
    private let loop: EventLoop
    private var bases = StateBases()
    private var made: [Made] = []
    private var compared = 0
    private var searched = 0
    private var hasSent = false
    private var useless = 0
    private var passesOver = 0

    init(on loop: EventLoop, counters: FanoutCounters) {
        self.loop = loop
        self.counters = counters
    }

    // MARK: Bases

    /// Whether the state of `tick` is one that deltas may lead from.
    func isBase(_ tick: Tick) -> Bool { bases.message(tick) != nil }

    /// Clients may have this state from now on.
    func keep(_ message: SharedBytes, _ tick: Tick, isAnyAcknowledged: Bool = true) {
        let before = bases.bytesCount
        var states = isAnyAcknowledged ? StateBases.statesMaximum : StateBases.unacknowledgedMaximum
        if StateDeltaMaker.on(loop).isOverBudget { states = 1 }
        bases.keep(message, tick, statesMaximum: states)
        StateDeltaMaker.on(loop).noteKept(bases.bytesCount - before, counters)
    }

    /// Every client that has any of the states has this one or a later.
    func forget(before tick: Tick) {
        let before = bases.bytesCount
        bases.forget(before: tick)
        StateDeltaMaker.on(loop).noteKept(bases.bytesCount - before, counters)
    }

    /// Nobody takes deltas any more.
    func forgetAll() {
        forget(before: Tick(.max))
        useless = 0
        passesOver = 0
    }

    // MARK: Deltas

    /// Another state is delivered from now on.
    func begin() {
        if !made.isEmpty {
            useless = hasSent ? 0 : useless + 1
            if useless >= Self.uselessMaximum {
                useless = 0
                passesOver = Self.statesPassedOver
            }
        }
        passesOver = max(0, passesOver - 1)
        made.removeAll(keepingCapacity: true)
        compared = 0
        searched = 0
        hasSent = false
    }

    /// The message that leads to `state`, the one of `tick`, from the state of `base`; nil when the whole state is to be sent.
    func message(to state: SharedBytes, _ tick: Tick, from base: Tick) -> SharedBytes? {
        for index in made.indices where made[index].base == base { return made[index].message }
        guard base < tick, passesOver == 0, let earlier = bases.message(base) else { return nil }
        compared += max(earlier.count, state.count)
        guard compared <= Self.comparedBytesMaximum, searched < Self.searchedBytesMaximum else { return nil }
        let (message, searchedBytes) = StateDeltaMaker.on(loop).message(to: state, tick, from: earlier, base)
        searched += searchedBytes
        if message != nil { counters.deltasMade.add() }
        made.append(Made(base: base, message: message))
        return message
    }

    /// Somebody was sent a delta: they pay.
    func noteSent() { hasSent = true }
}

/// Makes deltas. One on each loop, made when the loop first needs it, so that all its stripes share the memory, and a budget.
private final class StateDeltaMaker {
    /// 64 MiB of states that the stripes of one loop keep. Beyond it each keeps one.
    private static let keptBytesMaximum = 64 << 20

    private static let instances = LoopLocal { StateDeltaMaker() }
    private var encoder = StateDeltaEncoder()
    private var scratch = ByteBuffer()
    private var keptBytes = 0

    static func on(_ loop: EventLoop) -> StateDeltaMaker { instances.value(on: loop) }

    var isOverBudget: Bool { keptBytes > Self.keptBytesMaximum }

    func noteKept(_ change: Int, _ counters: FanoutCounters) {
        keptBytes += change
        counters.deltaBaseBytes.add(change)
    }

    /// An unmasked binary frame, nil unless it saves a quarter at least, which is what applying it costs the client; and how much was searched.
    func message(
        to state: SharedBytes, _ tick: Tick, from earlier: SharedBytes, _ base: Tick
    ) -> (SharedBytes?, searched: Int) {
        scratch.removeAll()
        StateDelta.Head(tick: tick.number, baseAge: tick.number - base.number).write(into: &scratch)
        let isMade = encoder.encode(
            from: Self.json(of: earlier), to: Self.json(of: state), countMaximum: state.count * 3 / 4 - scratch.count,
            into: &scratch)
        guard isMade else { return (nil, encoder.searchedBytes) }
        let frame = scratch.withUnsafeBytes { message in
            let header = FrameEncoder.headerLength(for: message.count)
            return SharedBytes(count: header + message.count) { frame in
                FrameEncoder.writeHeader(.binary, payloadCount: message.count, to: frame)
                UnsafeMutableRawBufferPointer(rebasing: frame[header...]).copyMemory(from: message)
            }
        }
        return (frame, encoder.searchedBytes)
    }

    /// The JSON in a whole state's frame, behind its type and tick.
    private static func json(of frame: SharedBytes) -> UnsafeRawBufferPointer {
        let bytes = frame.unsafeBytes
        return UnsafeRawBufferPointer(rebasing: bytes[(FrameEncoder.headerLength(ofFrame: bytes) + 9)...])
    }
}
