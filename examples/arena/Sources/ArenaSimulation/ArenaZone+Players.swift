public import Pylon

// Who plays, what they ask for, and how they move.
extension ArenaZone {
    /// Ids that begin so belong to onlookers: they see everything and take no part.
    static let onlookerPrefix = "watch"

    static func isOnlooker(_ subscriber: SubscriberID) -> Bool {
        subscriber.name.hasPrefix(onlookerPrefix)
    }

    /// Anyone may look on; to play one has to be who one claims to be.
    public func authorizeSubscribe(_ subscriber: SubscriberID, caller: Caller) -> Authorization {
        Self.isOnlooker(subscriber) ? .allowed : caller.owns(subscriber)
    }

    public mutating func subscriberJoined(_ subscriber: SubscriberID) {
        guard !Self.isOnlooker(subscriber), placeOfPlayer[subscriber] == nil else { return }
        playerNumberLast += 1
        var player = Player(number: playerNumberLast, subscriber: subscriber, position: arrivalPosition())
        player.shield.start(Self.arrivalShield)
        placeOfPlayer[subscriber] = players.count
        players.append(player)
        record(.arrived, at: player.position, by: player.number)
        rosterStepsLeft = Self.rosterRepeats
    }

    public mutating func subscriberLeft(_ subscriber: SubscriberID) {
        guard let place = placeOfPlayer.removeValue(forKey: subscriber) else { return }
        let player = players.remove(at: place)
        if let entity = player.entity { entities.despawn(entity) }
        for later in place..<players.count { placeOfPlayer[players[later].subscriber] = later }
        rosterStepsLeft = Self.rosterRepeats
    }

    public mutating func apply(
        _ input: ArenaInput, from subscriber: SubscriberID, _ context: StepContext
    ) throws {
        guard let place = placeOfPlayer[subscriber] else { throw InvalidInput("not a player") }
        if let move = input.move { players[place].move = move }
        if let aim = input.aim { players[place].aim = aim }
        if let fire = input.fire {
            players[place].isFiring = fire
            players[place].owesShot = players[place].owesShot || fire
        }
        if let heading = input.shoot {
            players[place].aim = heading
            players[place].owesShot = true
        }
        if let name = input.name, name != players[place].name {
            players[place].name = name
            rosterStepsLeft = Self.rosterRepeats
        }
    }

    mutating func stepPlayers(_ seconds: Double) {
        for index in players.indices {
            _ = players[index].cooldown.elapses(in: seconds)
            _ = players[index].shield.elapses(in: seconds)
            if players[index].isDown {
                if players[index].revival.elapses(in: seconds) { revive(index) }
                continue
            }
            mend(index, seconds)
            travel(index, seconds)
            fire(index)
        }
        keepPlayersApart()
    }

    /// A quiet place: the first of a few random ones that no hunter can see, or the last.
    private mutating func arrivalPosition() -> Vector {
        var position = randomPosition(margin: 120)
        for _ in 0..<8 {
            let sight = Wanderer.Kind.hunter.traits.sight
            let isSeen = wanderers.contains {
                $0.kind == .hunter && $0.isPresent && ($0.position - position).lengthSquared < sight * sight
            }
            if !isSeen { break }
            position = randomPosition(margin: 120)
        }
        return position
    }

    private mutating func revive(_ index: Int) {
        players[index].position = arrivalPosition()
        players[index].velocity = .zero
        players[index].owesShot = false
        players[index].health = Player.healthMaximum
        players[index].shield.start(Self.arrivalShield)
        record(.arrived, at: players[index].position, by: players[index].number)
    }

    private mutating func mend(_ index: Int, _ seconds: Double) {
        // It may have begun before the player went down, and end after the revival.
        if players[index].mending.elapses(in: seconds) {
            players[index].health = min(Player.healthMaximum, players[index].health + 1)
        }
        if players[index].health < Player.healthMaximum, !players[index].mending.isRunning {
            players[index].mending.start(Self.mendingTime)
        }
    }

    private mutating func travel(_ index: Int, _ seconds: Double) {
        let player = players[index]
        let velocity = player.velocity.approaching(player.move * Player.speed, by: Player.acceleration * seconds)
        let wanted = player.position + velocity * seconds
        players[index].position = confined(wanted, margin: Player.radius)
        // What the wall took is gone: nobody should have to brake after leaning against it.
        players[index].velocity = Vector(
            wanted.x == players[index].position.x ? velocity.x : 0,
            wanted.y == players[index].position.y ? velocity.y : 0)
    }

    private mutating func fire(_ index: Int) {
        let player = players[index]
        guard player.isFiring || player.owesShot, !player.cooldown.isRunning else { return }
        players[index].cooldown.start(Shot.cooldown)
        players[index].owesShot = false
        // Whoever attacks gives up the protection of arrival.
        players[index].shield = Timer()
        let muzzle = player.position + player.aim.unit * (Player.radius + Shot.radius)
        shots.append(Shot(owner: player.number, position: muzzle, heading: player.aim))
    }

    /// Pushes overlapping players apart, each by half of the overlap, in the order of arrival.
    private mutating func keepPlayersApart() {
        playerGrid.rebuild(from: players)
        let distanceMinimum = 2 * Player.radius
        for index in players.indices where players[index].isPresent {
            for other in playerGrid.near(players[index].position, radius: distanceMinimum) where other > index {
                let apart = players[other].position - players[index].position
                let distance = apart.length
                guard distance < distanceMinimum else { continue }
                let direction = distance > 0 ? apart * (1 / distance) : Vector(1, 0)
                let push = direction * ((distanceMinimum - distance) / 2)
                players[index].position = confined(players[index].position - push, margin: Player.radius)
                players[other].position = confined(players[other].position + push, margin: Player.radius)
            }
        }
    }

    /// Takes one health from a player unless shielded; false when nothing happened. `attacker` 0 is a hunter.
    mutating func hurt(_ index: Int, by attacker: Int, shield: Double) -> Bool {
        guard players[index].isPresent, !players[index].shield.isRunning else { return false }
        players[index].health -= 1
        players[index].mending.start(Self.mendingTime)
        if shield > 0 { players[index].shield.start(shield) }
        if players[index].health > 0 {
            record(.hit, at: players[index].position, by: attacker, value: players[index].number)
        } else {
            players[index].health = 0
            players[index].revival.start(Self.revivalTime)
            players[index].shield = Timer()
            record(.downed, at: players[index].position, by: attacker, value: players[index].number)
            award(Self.pointsForPlayer, to: attacker)
        }
        return true
    }

    /// Adds to the score of the player with this number, if that player is still here.
    mutating func award(_ points: Int, to number: Int) {
        guard let index = players.firstIndex(where: { $0.number == number }) else { return }
        players[index].score += points
    }

    mutating func record(_ kind: ArenaEvent.Kind, at position: Vector, by player: Int, value: Int = 0) {
        events.append(ArenaEvent(kind: kind, position: position, player: player, value: value))
    }

    /// Seconds.
    static let arrivalShield = 2.0
    static let revivalTime = 2.5
    static let mendingTime = 4.0
    static let pointsForPlayer = 10
    /// Ticks in a row in which a changed roster is sent: a client that loses a frame still gets it at once.
    static let rosterRepeats = 3
}
