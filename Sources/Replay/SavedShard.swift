package import PylonSimulation

/// A shard at one tick as bytes: the world, what the engine keeps beside it, and the numbers that go on.
///
/// The world's state, the engine's (`Shard.save`), the newest sequence number and event number, each LEB128, the seats if the engine's version
/// is 4, and the length of the first part as eight bytes.
package struct SavedShard<World: Simulation> {
    package var shard: Shard<World>
    /// The newest sequence number that was given to an input.
    package var sequenceLast: UInt64
    /// The number of the newest event.
    package var eventLast: UInt64
    /// The seats that clients may take up again by a token, in any order; none in recordings.
    package var seats: [SavedSeat]

    package init(
        shard: Shard<World>, sequenceLast: UInt64 = 0, eventLast: UInt64 = 0, seats: [SavedSeat] = []
    ) {
        self.shard = shard
        self.sequenceLast = sequenceLast
        self.eventLast = eventLast
        self.seats = seats
    }

    /// Writes a shard; false, with nothing written, when its world cannot be or takes more than `bytesMaximum`. The seats are for stored shards
    /// alone: what is written without is the same whoever was there.
    package static func write(
        _ shard: borrowing Shard<World>, _ worldState: WorldState<World>, sequenceLast: UInt64, eventLast: UInt64,
        seats: [SavedSeat]? = nil, bytesMaximum: Int = SavedShardLimits.bytesMaximum, into state: inout StateWriter
    ) -> Bool {
        guard let save = worldState.save else { return false }
        let start = state.count
        save(shard.world, &state)
        let worldCount = state.count - start
        shard.save(into: &state, hasSeats: seats != nil)
        state.write(sequenceLast)
        state.write(eventLast)
        if let seats { state.write(seats) { $0.write(into: &$1) } }
        state.write(fixed: UInt64(worldCount))
        if state.count - start <= bytesMaximum { return true }
        state.dropLast(state.count - start)
        return false
    }

    /// Reads a shard. Throws `StateError`, or what the world throws.
    package init(
        _ bytes: [UInt8], _ worldState: WorldState<World>, setup: ShardSetup, configuration: ShardConfiguration
    ) throws {
        guard let restore = worldState.restore else { throw StateError.malformed("this kind of world cannot be saved") }
        guard bytes.count >= 8 else { throw StateError.truncated }
        var length = StateReader(bytes, in: bytes.count - 8..<bytes.count)
        let worldCount = try length.readFixed()
        guard worldCount <= UInt64(bytes.count - 8) else { throw StateError.truncated }
        var worldReader = StateReader(bytes, in: 0..<Int(worldCount))
        let world = try restore(&worldReader, setup)
        try worldReader.finish()
        var engine = StateReader(bytes, in: Int(worldCount)..<bytes.count - 8)
        let hasSeats = try Shard<World>.hasSeats(engine)
        shard = try Shard(world: world, configuration: configuration, name: setup.id, restoring: &engine)
        sequenceLast = try engine.readUInt64()
        eventLast = try engine.readUInt64()
        seats = []
        if hasSeats {
            seats = try engine.readArray(countMaximum: SavedSeat.seatsMaximum) { (state) throws(StateError) in
                try SavedSeat(reading: &state)
            }
        }
        try engine.finish()
    }
}

/// The limits of saved shards.
package enum SavedShardLimits {
    /// 64 MiB: the database's queue takes no more at once, and writing it takes a second on a slow disk.
    package static let bytesMaximum = 64 << 20
}
