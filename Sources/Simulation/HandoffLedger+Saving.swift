extension HandoffLedger {
    /// Writes the books. Without the incarnation, which differs between runs that are otherwise the same, they are good for hashes.
    func save(into state: inout StateWriter, withIncarnation: Bool) {
        state.write(fixed: withIncarnation ? party.incarnation : 0)
        state.write(lanes) { lane, state in
            state.write(lane.target)
            state.write(lane.sequenceLast)
            state.write(lane.settled)
            state.write(lane.outbox) { entry, state in
                state.write(entry.isAnswered)
                state.write(entry.handoff.settled)
                entry.handoff.writeRest(into: &state)
            }
        }
        state.write(arrivals) { arrivals, state in
            state.write(arrivals.source.shard)
            state.write(fixed: withIncarnation ? arrivals.source.incarnation : 0)
            state.write(arrivals.sequenceLast)
            state.write(arrivals.refusals) { refusal, state in
                state.write(refusal.sequence)
                state.write(refusal.reason)
            }
        }
    }

    /// Writes who left for where.
    func saveDepartures(into state: inout StateWriter) {
        state.write(departures.all) { departure, state in
            state.write(departure.subscriber)
            state.write(departure.value)
        }
    }

    /// Reads what `saveDepartures` wrote.
    mutating func restoreDepartures(_ state: inout StateReader) throws(StateError) {
        for _ in 0..<(try state.readCount(maximum: Self.departuresMaximum)) {
            let subscriber = try state.readSubscriber()
            guard departures[subscriber] == nil else { throw .malformed("\(subscriber) left twice") }
            departures.put(try state.readShardName(), for: subscriber)
        }
    }

    /// Reads the books of the shard called `shard`. The bytes may be anything.
    init(shard: String, restoring state: inout StateReader) throws(StateError) {
        let party = HandoffParty(shard: shard, incarnation: try state.readFixed())
        var lanes: [Lane] = []
        var outboxCount = 0
        for _ in 0..<(try state.readCount(maximum: Self.partiesMaximum)) {
            let lane = try Lane(of: party, restoring: &state)
            guard lane.target != shard, !lanes.contains(where: { $0.target == lane.target }) else {
                throw .malformed("a second outbox for \(lane.target)")
            }
            outboxCount += lane.outbox.count
            lanes.append(lane)
        }
        guard outboxCount <= Self.outboxMaximum else { throw .malformed("\(outboxCount) hand-offs on their way") }
        var arrivals: [Arrivals] = []
        for _ in 0..<(try state.readCount(maximum: Self.partiesMaximum)) {
            let found = try Arrivals(restoring: &state)
            guard !arrivals.contains(where: { $0.source.shard == found.source.shard }) else {
                throw .malformed("arrivals from \(found.source.shard) again")
            }
            arrivals.append(found)
        }
        self.init(party: party, lanes: lanes, arrivals: arrivals)
    }
}

extension HandoffLedger.Lane {
    fileprivate init(of party: HandoffParty, restoring state: inout StateReader) throws(StateError) {
        self.init(target: try state.readShardName())
        sequenceLast = try state.readHandoffNumber()
        settled = try state.readHandoffNumber()
        var previous = settled
        for _ in 0..<(try state.readCount(maximum: HandoffLedger.outboxMaximum)) {
            let isAnswered = try state.readBool()
            let known = try state.readHandoffNumber()
            let handoff = try Handoff(source: party, target: target, settled: known, readingRest: &state)
            guard handoff.sequence == previous + 1, known < handoff.sequence else {
                throw .malformed("hand-off \(handoff.sequence) behind \(previous)")
            }
            previous = handoff.sequence
            outbox.append(Entry(handoff: handoff, isAnswered: isAnswered))
        }
        guard previous == sequenceLast else { throw .malformed("hand-off \(sequenceLast) is missing") }
    }
}

extension HandoffLedger.Arrivals {
    fileprivate init(restoring state: inout StateReader) throws(StateError) {
        self.init(source: try state.readParty(), sequenceLast: try state.readHandoffNumber())
        for _ in 0..<(try state.readCount(maximum: HandoffLedger.outboxMaximum)) {
            let sequence = try state.readHandoffNumber()
            guard sequence > refusals.last?.sequence ?? 0, sequence <= sequenceLast else {
                throw .malformed("a refusal of what has not come")
            }
            refusals.append(
                Refusal(
                    sequence: sequence,
                    reason: try state.readString(bytesMaximum: HandoffReply.reasonBytesMaximum)))
        }
    }
}
