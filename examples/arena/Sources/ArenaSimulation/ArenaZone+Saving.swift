public import Pylon

// The zone as bytes. What the rules or the next step make anew is not in there: the grids, the places of the players, the entities that
// clients see, who begin anew with the table of the process that they connect to.
extension ArenaZone: PersistentSimulation {
    /// Raised when the bytes change; older ones are still read, or refused by name.
    private static let version: UInt64 = 1

    public func save(into state: inout StateWriter) {
        state.write(Self.version)
        state.write(random)
        state.write(playerNumberLast)
        state.write(rosterStepsLeft)
        state.write(players) { player, state in player.save(into: &state) }
        state.write(wanderers) { wanderer, state in wanderer.save(into: &state) }
        state.write(shots) { shot, state in shot.save(into: &state) }
        state.write(events) { event, state in event.save(into: &state) }
        state.write(eventsTold)
        state.write(leadersTold) { $1.write($0) }
    }

    public init(restoring state: inout StateReader, setup: ShardSetup) throws {
        self.init(emptyWith: try ZoneRules(setup.config))
        _ = try state.readVersion(newest: Self.version)
        random = try state.readGenerator()
        playerNumberLast = try state.readInt(in: Self.countRange)
        rosterStepsLeft = try state.readInt(in: 0...Self.rosterRepeats)
        players = try state.readArray { (state) throws(StateError) in try Player(restoring: &state) }
        for (place, player) in players.enumerated() { placeOfPlayer[player.subscriber] = place }
        wanderers = try state.readArray { (state) throws(StateError) in try Wanderer(restoring: &state) }
        shots = try state.readArray { (state) throws(StateError) in try Shot(restoring: &state) }
        events = try state.readArray { (state) throws(StateError) in try ArenaEvent(restoring: &state) }
        eventsTold = try state.readInt(in: 0...events.count)
        leadersTold = try state.readArray { (state) throws(StateError) in try state.readInt() }
        guard wanderers.count == rules.wanderers else { throw StateError.malformed("wanderers for other rules") }
        guard placeOfPlayer.count == players.count else { throw StateError.malformed("a player twice") }
        let places = players.map(\.position) + wanderers.map(\.position) + shots.map(\.position)
        guard places.allSatisfy(isNearby) else { throw StateError.malformed("something outside the zone") }
    }

    /// Numbers that go on counting for as long as anyone plays.
    static let countRange = 0...1 << 53

    /// Whether the grids can hold it: a shot may be a step outside.
    private func isNearby(_ position: Vector) -> Bool {
        (-100...rules.width + 100).contains(position.x) && (-100...rules.height + 100).contains(position.y)
    }
}

extension Vector {
    func save(into state: inout StateWriter) {
        state.write(x)
        state.write(y)
    }

    init(restoring state: inout StateReader) throws(StateError) {
        self.init(try state.readFiniteDouble(), try state.readFiniteDouble())
    }
}

extension Heading {
    func save(into state: inout StateWriter) {
        state.write(step)
    }

    init(restoring state: inout StateReader) throws(StateError) {
        self.init(step: try state.readInt(in: 0...Self.stepsPerTurn - 1))
    }
}

extension Player {
    func save(into state: inout StateWriter) {
        state.write(number)
        state.write(subscriber)
        state.write(name)
        position.save(into: &state)
        velocity.save(into: &state)
        state.write(score)
        state.write(health)
        move.save(into: &state)
        aim.save(into: &state)
        state.write(isFiring)
        state.write(owesShot)
        for timer in [cooldown, shield, revival, mending] { timer.save(into: &state) }
    }

    init(restoring state: inout StateReader) throws(StateError) {
        let number = try state.readInt(in: ArenaZone.countRange)
        let subscriber = try state.readSubscriber()
        let name = try state.readString(bytesMaximum: 256)
        self.init(number: number, subscriber: subscriber, position: try Vector(restoring: &state))
        self.name = name
        velocity = try Vector(restoring: &state)
        score = try state.readInt(in: ArenaZone.countRange)
        health = try state.readInt(in: 0...Self.healthMaximum)
        move = try Vector(restoring: &state)
        aim = try Heading(restoring: &state)
        isFiring = try state.readBool()
        owesShot = try state.readBool()
        cooldown = try Timer(restoring: &state)
        shield = try Timer(restoring: &state)
        revival = try Timer(restoring: &state)
        mending = try Timer(restoring: &state)
    }
}

extension Wanderer {
    func save(into state: inout StateWriter) {
        state.write(kind.rawValue)
        position.save(into: &state)
        velocity.save(into: &state)
        heading.save(into: &state)
        state.write(toughness)
        absence.save(into: &state)
    }

    init(restoring state: inout StateReader) throws(StateError) {
        guard let kind = Kind(rawValue: try state.readInt()) else { throw .malformed("a wanderer of no kind") }
        let position = try Vector(restoring: &state)
        let velocity = try Vector(restoring: &state)
        self.init(kind, at: position, heading: try Heading(restoring: &state))
        self.velocity = velocity
        toughness = try state.readInt(in: 0...kind.traits.toughness)
        absence = try Timer(restoring: &state)
    }
}

extension Shot {
    func save(into state: inout StateWriter) {
        state.write(owner)
        position.save(into: &state)
        heading.save(into: &state)
        life.save(into: &state)
    }

    init(restoring state: inout StateReader) throws(StateError) {
        let owner = try state.readInt()
        let position = try Vector(restoring: &state)
        self.init(owner: owner, position: position, heading: try Heading(restoring: &state))
        life = try Timer(restoring: &state)
    }
}

extension ArenaEvent {
    func save(into state: inout StateWriter) {
        state.write(kind.rawValue)
        position.save(into: &state)
        state.write(player)
        state.write(value)
    }

    init(restoring state: inout StateReader) throws(StateError) {
        guard let kind = Kind(rawValue: try state.readInt()) else { throw .malformed("an event of no kind") }
        self.init(
            kind: kind, position: try Vector(restoring: &state), player: try state.readInt(),
            value: try state.readInt())
    }
}
