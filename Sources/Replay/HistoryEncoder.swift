package import PylonJSON
package import PylonSimulation
package import PylonTime

/// What happens in a shard, written down tick by tick: the blocks of a recording and of a journal. Belongs to the shard's worker.
///
/// A block begins with the tick at which the shard stands. Then come records, each an LEB128 number whose three low bits say what it is and
/// whose other bits are its argument:
///
/// | | argument | what follows | |
/// |---|---|---|---|
/// | 0 | n | | n steps; inputs in front of it belong to the first |
/// | 1 | twice the subscriber's index, 1 more with a client sequence | sequence less the last one, client sequence, JSON | an input |
/// | 2, 3 | twice the subscriber's index, 1 more for a spectator | | a connection came, went |
/// | 4 | 0 | 8 bytes | the hash of the state here |
/// | 5 | 0 | name | a subscriber, who gets the next index |
/// | 6 | 0 | a `HandoffEvent` | something from another shard, taken in by the next step before its inputs |
/// | 7 | eight times the subscriber's index | count, tokens | what is good for the subscriber's seat from here on; in journals alone |
///
/// The blocks of one sequence belong together: names and sequence numbers go on from one to the next, and `begin` starts anew.
package struct HistoryEncoder: ~Copyable {
    enum Opcode: UInt64 {
        case steps, input, joined, left, hash, subscriber, handoff, seat
    }

    private var state = StateWriter()
    private var indices: [SubscriberID: UInt64] = [:]
    private var sequenceLast: UInt64 = 0
    private var tick: Tick
    /// Where the open block begins; nil when there is none.
    private var blockStart: Tick?
    private var stepsPending: UInt64 = 0

    /// Nothing yet, of a shard that stands at `tick`.
    package init(at tick: Tick = Tick(0)) {
        self.tick = tick
    }

    /// The bytes of the open block, steps not counted.
    package var count: Int { state.count }

    /// Whether anybody came, went or sent something since the last block: what nobody could work out again.
    package private(set) var hasNews = false

    /// Whether there is nothing to write down.
    package var isEmpty: Bool { blockStart == nil && stepsPending == 0 }

    /// Where the next record applies.
    package var tickNow: Tick { tick }

    /// Begins a new sequence of blocks, at `tick`; what is open is forgotten.
    package mutating func begin(at tick: Tick) {
        state.reset()
        indices.removeAll(keepingCapacity: true)
        sequenceLast = 0
        self.tick = tick
        blockStart = nil
        stepsPending = 0
        hasNews = false
    }

    // MARK: Records

    /// A connection of `subscriber` came.
    package mutating func joined(_ subscriber: SubscriberID, as role: SubscriberRole = .player) {
        let index = index(of: subscriber)
        record(.joined, index << 1 | (role == .player ? 0 : 1))
    }

    /// A connection of `subscriber` went.
    package mutating func left(_ subscriber: SubscriberID, as role: SubscriberRole = .player) {
        let index = index(of: subscriber)
        record(.left, index << 1 | (role == .player ? 0 : 1))
    }

    /// Something from another shard that the next step takes in.
    package mutating func handoff(_ event: HandoffEvent) {
        record(.handoff, 0)
        event.write(into: &state)
    }

    /// From here on the tokens of `seat`, and no others, are good for it.
    package mutating func seat(_ seat: SavedSeat) {
        let index = index(of: seat.subscriber)
        record(.seat, index << 3)
        SavedSeat.write(seat.tokens, into: &state)
    }

    /// An input that the next step applies.
    package mutating func input(
        _ json: JSONValue, from subscriber: SubscriberID, sequence: UInt64, clientSequence: UInt64?
    ) {
        let index = index(of: subscriber)
        record(.input, index << 1 | (clientSequence == nil ? 0 : 1))
        state.write(sequence &- sequenceLast)
        sequenceLast = sequence
        if let clientSequence { state.write(clientSequence) }
        state.write(json)
    }

    /// The shard took a step.
    package mutating func stepped() {
        stepsPending += 1
        tick = tick.next
    }

    /// The state that the shard is in has this hash.
    package mutating func hash(_ hash: UInt64) {
        record(.hash, 0)
        state.write(fixed: hash)
    }

    private mutating func index(of subscriber: SubscriberID) -> UInt64 {
        if let index = indices[subscriber] { return index }
        let index = UInt64(indices.count)
        indices[subscriber] = index
        record(.subscriber, 0)
        state.write(subscriber)
        return index
    }

    private mutating func record(_ opcode: Opcode, _ argument: UInt64) {
        open()
        if opcode != .hash { hasNews = true }
        state.write(argument << 3 | opcode.rawValue)
    }

    /// Begins the block if need be, and writes the steps that have gathered.
    private mutating func open() {
        if blockStart == nil {
            let start = Tick(tick.number - stepsPending)
            blockStart = start
            state.write(start)
        }
        guard stepsPending > 0 else { return }
        state.write(stepsPending << 3 | Opcode.steps.rawValue)
        stepsPending = 0
    }

    // MARK: Blocks

    /// Ends the open block and passes its payload, and where it begins, to `body`; nothing happens when there is nothing to write down.
    package mutating func cut<R>(_ body: (UnsafeRawBufferPointer, Tick) -> R) -> R? {
        guard !isEmpty else { return nil }
        open()
        let start = blockStart ?? tick
        defer {
            state.reset()
            blockStart = nil
            hasNews = false
        }
        return state.withUnsafeBytes { body($0, start) }
    }
}
