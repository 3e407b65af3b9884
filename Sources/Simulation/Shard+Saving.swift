extension Shard {
    /// The most subscribers that a saved shard may have.
    static var subscribersSavedMaximum: Int { 1_000_000 }

    private static var versionNewest: UInt64 { versionWithSeats }
    private static var versionWithSeats: UInt64 { 4 }

    /// Everyone who takes part: the players and then the spectators, by name.
    package var attached: [Attached] {
        players.map { Attached(subscriber: $0, role: .player) }
            + onlookers.map { Attached(subscriber: $0, role: .spectator) }
    }

    private var players: [SubscriberID] { connections.keys.sorted { $0.precedes($1) } }
    private var onlookers: [SubscriberID] { spectators.keys.sorted { $0.precedes($1) } }

    /// Writes what the engine keeps beside the world, everything by name. For a hash, what differs between runs that are otherwise the same
    /// is left out, and the books on hand-offs, too, as long as nothing is in them: version 1 had none. Who left, and whether the shard is over,
    /// came with version 3, and no hash needs it. Version 4 says no more than that the seats come behind (`hasSeats`): they are no
    /// business of the world's.
    package func save(into state: inout StateWriter, forHash: Bool = false, hasSeats: Bool = false) {
        let hasLedger = !(forHash && ledger.isUnused)
        state.write(forHash ? (hasLedger ? 2 : 1) : hasSeats ? Self.versionWithSeats : 3)
        state.write(tick)
        state.write(tickLastActive)
        state.write(inputsFailed)
        state.write(players) { [connections, acknowledgements] subscriber, state in
            state.write(subscriber)
            state.write(UInt64(connections[subscriber] ?? 0))
            state.write(acknowledgements[subscriber]) { $0.write(into: &$1) }
        }
        state.write(onlookers) { [spectators] subscriber, state in
            state.write(subscriber)
            state.write(UInt64(spectators[subscriber] ?? 0))
        }
        if hasLedger { ledger.save(into: &state, withIncarnation: !forHash) }
        guard !forHash else { return }
        ledger.saveDepartures(into: &state)
        state.write(isConcluded)
    }

    /// Whether the seats come behind what `save` wrote, which is what `state` has to read.
    package static func hasSeats(_ state: borrowing StateReader) throws(StateError) -> Bool {
        var version = copy state
        return try version.readUInt64() >= versionWithSeats
    }

    /// A shard at the tick at which it was saved: `world` as it was then, and what `save` wrote.
    package init(
        world: World, configuration: ShardConfiguration, name: String, restoring state: inout StateReader
    ) throws(StateError) {
        self.init(world: world, configuration: configuration, name: name)
        let version = try state.readVersion(newest: Self.versionNewest)
        tick = try state.readTick()
        tickLastActive = try state.readTick()
        guard tickLastActive <= tick else { throw .malformed("active in the future") }
        inputsFailed = try state.readUInt64()
        for _ in 0..<(try state.readCount(maximum: Self.subscribersSavedMaximum)) {
            let subscriber = try state.readSubscriber()
            let count = try state.readUInt64()
            guard (1...UInt64(Int32.max)).contains(count), connections[subscriber] == nil else {
                throw .malformed("the connections of \(subscriber)")
            }
            connections[subscriber] = Int(count)
            acknowledgements[subscriber] = try state.readOptional { (state) throws(StateError) in
                try Acknowledgement(reading: &state)
            }
        }
        for _ in 0..<(try state.readCount(maximum: Self.subscribersSavedMaximum)) {
            let subscriber = try state.readSubscriber()
            let count = try state.readUInt64()
            guard (1...UInt64(Int32.max)).contains(count), spectators[subscriber] == nil else {
                throw .malformed("the connections of \(subscriber)")
            }
            spectators[subscriber] = Int(count)
        }
        countConnections()
        guard version > 1 else { return }
        ledger = try HandoffLedger(shard: name, restoring: &state)
        for handoff in ledger.unsettled { noteDeparture(of: handoff.subscriber, 1) }
        guard version > 2 else { return }
        try ledger.restoreDepartures(&state)
        isConcluded = try state.readBool()
    }

    private mutating func countConnections() {
        connectionCount = connections.values.reduce(0, +) + spectators.values.reduce(0, +)
    }

    /// Forgets all connections but leaves everyone a seat, which counts as one: the process that had the connections is gone, and the
    /// world need not hear of it until the seat is given up by `detach`.
    package mutating func keepSeats() {
        for subscriber in connections.keys { connections[subscriber] = 1 }
        for subscriber in spectators.keys { spectators[subscriber] = 1 }
        countConnections()
    }
}

/// Somebody who takes part in a shard.
package struct Attached: Hashable, Sendable {
    package let subscriber: SubscriberID
    package let role: SubscriberRole
}
