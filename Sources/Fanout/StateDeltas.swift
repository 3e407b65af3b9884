internal import PylonBytes
internal import PylonEventLoop
internal import PylonStreamProtocol
internal import PylonTelemetry
internal import PylonTime
internal import PylonWebSocket

/// What leads to the state that is delivered now, from each of the states that clients have: made once for all clients of a loop that have the
/// same. Belongs to the stripe's loop.
struct StateDeltas: ~Copyable {
    /// 4 MiB that are compared for one state, whatever its clients have: at the speed of memory that takes less than half a millisecond.
    static let comparedBytesMaximum = 4 << 20
    /// After 8 states in a row that are sent whole because changes would be nearly as long, the next 64 are not looked at.
    private static let uselessMaximum = 8
    private static let statesPassedOver = 64

    private struct Made {
        let base: Tick
        /// The message; nil when the whole state is better.
        let message: SharedBytes?
    }

    var bases = StateBases()
    private var made: [Made] = []
    private var compared = 0
    private var useless = 0
    private var passesOver = 0

    /// Another state is delivered from now on.
    mutating func begin() {
        if !made.isEmpty {
            useless = made.contains { $0.message != nil } ? 0 : useless + 1
            if useless >= Self.uselessMaximum {
                useless = 0
                passesOver = Self.statesPassedOver
            }
        }
        passesOver = max(0, passesOver - 1)
        made.removeAll(keepingCapacity: true)
        compared = 0
    }

    /// The message that leads to `state`, the one of `tick`, from the state of `base`; nil when the whole state is to be sent.
    mutating func message(
        to state: SharedBytes, _ tick: Tick, from base: Tick, on loop: EventLoop, _ counters: FanoutCounters
    ) -> SharedBytes? {
        for index in made.indices where made[index].base == base { return made[index].message }
        guard base < tick, passesOver == 0, let earlier = bases.message(base) else { return nil }
        compared += max(earlier.count, state.count)
        guard compared <= Self.comparedBytesMaximum else { return nil }
        let message = StateDeltaMaker.on(loop).message(to: state, tick, from: earlier, base)
        if message != nil { counters.deltasMade.add() }
        made.append(Made(base: base, message: message))
        return message
    }
}

/// Makes deltas. One on each loop, made when the loop first needs it, so that all its stripes share the memory.
private final class StateDeltaMaker {
    private static let instances = LoopLocal { StateDeltaMaker() }
    private var encoder = StateDeltaEncoder()
    private var scratch = ByteBuffer()

    static func on(_ loop: EventLoop) -> StateDeltaMaker { instances.value(on: loop) }

    /// An unmasked binary frame; nil unless it saves a quarter at least, which is what applying it costs the client.
    func message(to state: SharedBytes, _ tick: Tick, from earlier: SharedBytes, _ base: Tick) -> SharedBytes? {
        scratch.removeAll()
        StateDelta.Head(tick: tick.number, baseAge: tick.number - base.number).write(into: &scratch)
        let isMade = encoder.encode(
            from: Self.json(of: earlier), to: Self.json(of: state), countMaximum: state.count * 3 / 4 - scratch.count,
            into: &scratch)
        guard isMade else { return nil }
        return scratch.withUnsafeBytes { message in
            let header = FrameEncoder.headerLength(for: message.count)
            return SharedBytes(count: header + message.count) { frame in
                FrameEncoder.writeHeader(.binary, payloadCount: message.count, to: frame)
                UnsafeMutableRawBufferPointer(rebasing: frame[header...]).copyMemory(from: message)
            }
        }
    }

    /// The JSON in a whole state's frame, behind its type and tick.
    private static func json(of frame: SharedBytes) -> UnsafeRawBufferPointer {
        let bytes = frame.unsafeBytes
        return UnsafeRawBufferPointer(rebasing: bytes[(FrameEncoder.headerLength(ofFrame: bytes) + 9)...])
    }
}
