internal import PylonTime

/// What comes to a shard from the other side of a hand-off; it is taken in at the start of a step.
package enum HandoffEvent: Hashable, Sendable {
    /// Something is handed to this shard.
    case arrival(Handoff)
    /// What became of something that it handed off.
    case reply(HandoffReply)
}

// MARK: As bytes

extension HandoffEvent {
    /// Sequence numbers stop here, far from where sums would overflow.
    static let numberMaximum: UInt64 = 1 << 62

    /// Writes the event so that `init(reading:)` reads it.
    package func write(into state: inout StateWriter) {
        switch self {
        case .arrival(let handoff):
            state.write(false)
            state.write(handoff.source)
            state.write(handoff.target)
            state.write(handoff.settled)
            handoff.writeRest(into: &state)
        case .reply(let reply):
            state.write(true)
            state.write(reply.source)
            state.write(reply.target)
            state.write(reply.sequence)
            switch reply.outcome {
            case .accepted: state.write(false)
            case .refused(let reason):
                state.write(true)
                state.write(reason)
            }
        }
    }

    /// Reads what `write` wrote.
    package init(reading state: inout StateReader) throws(StateError) {
        guard try state.readBool() else {
            let source = try state.readParty()
            let target = try state.readShardName()
            let settled = try state.readHandoffNumber()
            let handoff = try Handoff(source: source, target: target, settled: settled, readingRest: &state)
            guard settled < handoff.sequence else { throw .malformed("a hand-off that is over") }
            self = .arrival(handoff)
            return
        }
        self = .reply(
            HandoffReply(
                source: try state.readParty(), target: try state.readShardName(),
                sequence: try state.readHandoffNumber(),
                outcome: try state.readReason().map { .refused(reason: $0) } ?? .accepted))
    }
}

extension Handoff {
    /// Writes all but the source, the target and what is settled.
    func writeRest(into state: inout StateWriter) {
        state.write(sequence)
        state.write(subscriber) { $1.write($0) }
        state.write(acknowledgement) { $0.write(into: &$1) }
        state.write(payload)
    }

    /// Reads what `writeRest` wrote.
    init(
        source: HandoffParty, target: String, settled: UInt64, readingRest state: inout StateReader
    ) throws(StateError) {
        self.init(
            source: source, target: target, sequence: try state.readHandoffNumber(), settled: settled,
            subscriber: try state.readOptional { (state) throws(StateError) in try state.readSubscriber() },
            acknowledgement: try state.readOptional { (state) throws(StateError) in
                try Acknowledgement(reading: &state)
            },
            payload: try state.readBytes(bytesMaximum: Handoff.payloadBytesMaximum))
        guard sequence > 0 else { throw .malformed("a hand-off without a number") }
    }
}

extension Acknowledgement {
    /// Writes the three numbers.
    func write(into state: inout StateWriter) {
        state.write(serverSequence)
        state.write(clientSequence) { $1.write($0) }
        state.write(tick)
    }

    /// Reads what `write` wrote.
    init(reading state: inout StateReader) throws(StateError) {
        self.init(
            serverSequence: try state.readUInt64(),
            clientSequence: try state.readOptional { (state) throws(StateError) in try state.readUInt64() },
            tick: try state.readTick())
    }
}

extension StateWriter {
    fileprivate mutating func write(_ party: HandoffParty) {
        write(party.shard)
        write(fixed: party.incarnation)
    }
}

extension StateReader {
    mutating func readParty() throws(StateError) -> HandoffParty {
        HandoffParty(shard: try readShardName(), incarnation: try readFixed())
    }

    mutating func readShardName() throws(StateError) -> String {
        try readString(bytesMaximum: HandoffParty.nameBytesMaximum)
    }

    mutating func readHandoffNumber() throws(StateError) -> UInt64 {
        let number = try readUInt64()
        guard number <= HandoffEvent.numberMaximum else { throw .malformed("a number beyond all hand-offs") }
        return number
    }

    fileprivate mutating func readReason() throws(StateError) -> String? {
        try readOptional { (state) throws(StateError) in
            try state.readString(bytesMaximum: HandoffReply.reasonBytesMaximum)
        }
    }
}
