package import PylonJSON
package import PylonSimulation
package import PylonTime

/// One thing that happened in a shard.
package enum HistoryRecord: Equatable, Sendable {
    /// Steps; the inputs in front of them belong to the first.
    case steps(UInt64)
    case input(RecordedInput)
    case joined(SubscriberID, SubscriberRole)
    case left(SubscriberID, SubscriberRole)
    /// Something from another shard, which the next step takes in.
    case handoff(HandoffEvent)
    /// The tokens that are good for a seat from here on.
    case seat(SavedSeat)
    /// The hash of the state.
    case hash(UInt64)
}

/// An input as it was applied.
package struct RecordedInput: Equatable, Sendable {
    package let subscriber: SubscriberID
    package let sequence: UInt64
    package let clientSequence: UInt64?
    package let json: JSONValue

    package init(subscriber: SubscriberID, sequence: UInt64, clientSequence: UInt64?, json: JSONValue) {
        self.subscriber = subscriber
        self.sequence = sequence
        self.clientSequence = clientSequence
        self.json = json
    }
}

/// Reads what a `HistoryEncoder` wrote, block by block.
package struct HistoryDecoder: Sendable {
    /// Steps of one record: more than a year at 20 Hz, and few enough to run.
    static let stepsMaximum: UInt64 = 1_000_000_000

    private var subscribers: [SubscriberID] = []
    private var sequenceLast: UInt64 = 0
    /// Where the shard stands behind the records read.
    package private(set) var tick: Tick

    /// A sequence of blocks that begins at `tick`.
    package init(at tick: Tick) {
        self.tick = tick
    }

    /// Passes the records of the next block to `body`, until it returns false; returns whether it never did.
    ///
    /// Throws when the bytes are no block, or not the next one; the records before the fault have been passed on by then.
    @discardableResult
    package mutating func decode(
        _ payload: [UInt8], _ body: (HistoryRecord) throws(StateError) -> Bool
    ) throws(StateError) -> Bool {
        var state = StateReader(payload)
        let start = try state.readTick()
        guard start == tick else { throw .malformed("a block of tick \(start) behind tick \(tick)") }
        while state.remaining > 0 {
            guard let record = try next(&state) else { continue }
            guard try body(record) else { return false }
        }
        return true
    }

    /// The next record; nil for one that only names somebody.
    private mutating func next(_ state: inout StateReader) throws(StateError) -> HistoryRecord? {
        let word = try state.readUInt64()
        let argument = word >> 3
        switch HistoryEncoder.Opcode(rawValue: word & 7) {
        case .steps:
            guard (1...Self.stepsMaximum).contains(argument) else { throw .malformed("\(argument) steps") }
            let (number, overflow) = tick.number.addingReportingOverflow(argument)
            guard !overflow else { throw .malformed("a tick beyond the last") }
            tick = Tick(number)
            return .steps(argument)
        case .input:
            let subscriber = try subscriber(argument >> 1)
            sequenceLast &+= try state.readUInt64()
            let clientSequence = argument & 1 == 1 ? try state.readUInt64() : nil
            return .input(
                RecordedInput(
                    subscriber: subscriber, sequence: sequenceLast, clientSequence: clientSequence,
                    json: try state.readJSON()))
        case .joined: return .joined(try subscriber(argument >> 1), argument & 1 == 0 ? .player : .spectator)
        case .left: return .left(try subscriber(argument >> 1), argument & 1 == 0 ? .player : .spectator)
        case .hash:
            guard argument == 0 else { throw .malformed("a hash with an argument") }
            return .hash(try state.readFixed())
        case .subscriber:
            guard argument == 0 else { throw .malformed("a name with an argument") }
            subscribers.append(try state.readSubscriber())
            return nil
        case .handoff:
            guard argument == 0 else { throw .malformed("a hand-off with an argument") }
            return .handoff(try HandoffEvent(reading: &state))
        case .seat:
            // The low bits are for what else may have to be said of seats.
            guard argument & 7 == 0 else { throw .malformed("an unknown record of a seat") }
            return .seat(SavedSeat(subscriber: try subscriber(argument >> 3), tokens: try SavedSeat.readTokens(&state)))
        case nil: throw .malformed("an unknown record")
        }
    }

    private func subscriber(_ index: UInt64) throws(StateError) -> SubscriberID {
        guard index < UInt64(subscribers.count) else { throw .malformed("a subscriber without a name") }
        return subscribers[Int(index)]
    }
}
