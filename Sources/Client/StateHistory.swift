internal import PylonBytes
internal import PylonStreamProtocol
internal import PylonTime

/// The states of JSON that a server's deltas may lead from, as it sent them or as the deltas made them.
struct StateHistory {
    /// 32 states, the newest not counted: as many as a server remembers.
    static let statesMaximum = 32
    /// 4 MiB of them, as there. A state that is longer by itself is never led from.
    static let bytesMaximum = 4 << 20
    /// 512 bytes: what changed of a shorter state saves less than it costs to say that it is here.
    static let acknowledgedBytesMinimum = 512
    /// Each eighth state is acknowledged: a state that is some older leads on as well, and each acknowledgement costs the server as much as a
    /// state.
    static let statesPerAcknowledgement = 8

    private struct Kept {
        let tick: Tick
        let json: [UInt8]
    }

    /// In the order of their ticks.
    private var kept = Deque<Kept>()
    private var bytesCount = 0
    private var wasWhole = false
    private var unacknowledged = 0

    /// Keeps a state that came whole.
    mutating func keep(_ json: [UInt8], _ tick: Tick) {
        append(json, tick)
        // Behind deltas, and at first, it is news that the server has no state to lead from.
        if !wasWhole { unacknowledged = Self.statesPerAcknowledgement }
        wasWhole = true
    }

    /// Whether the server is to be told that the newest state is here. Asked once for each.
    mutating func takeAcknowledgement() -> Bool {
        unacknowledged += 1
        guard unacknowledged >= Self.statesPerAcknowledgement, let newest = kept.last,
            newest.json.count >= Self.acknowledgedBytesMinimum
        else { return false }
        unacknowledged = 0
        return true
    }

    private mutating func append(_ json: [UInt8], _ tick: Tick) {
        // One comes again for who has asked for it.
        while let newest = kept.last, newest.tick >= tick { bytesCount -= kept.removeLast().json.count }
        while kept.count > Self.statesMaximum || bytesCount > Self.bytesMaximum { forgetOldest() }
        guard json.count <= Self.bytesMaximum else { return }
        kept.append(Kept(tick: tick, json: json))
        bytesCount += json.count
    }

    private mutating func forgetOldest() { bytesCount -= kept.removeFirst().json.count }

    /// What a delta comes to.
    enum Outcome: Hashable {
        /// This is the state now; it is kept.
        case state([UInt8])
        /// The state is not here that it leads from.
        case baseMissing
        /// It is nothing that a server sends.
        case malformed
    }

    /// Applies what leads to the state of `tick` from the one `baseAge` ticks before it.
    mutating func apply(_ operations: UnsafeRawBufferPointer, _ tick: Tick, baseAge: UInt64) -> Outcome {
        let base = (0..<kept.count).first { kept[$0].tick.number == tick.number - baseAge }
        guard let base else { return .baseMissing }
        guard let json = StateDelta.apply(operations, to: kept[base].json, countMaximum: Self.bytesMaximum) else {
            return .malformed
        }
        // The server never goes back behind what its deltas lead from.
        for _ in 0..<base { forgetOldest() }
        append(json, tick)
        wasWhole = false
        return .state(json)
    }
}
