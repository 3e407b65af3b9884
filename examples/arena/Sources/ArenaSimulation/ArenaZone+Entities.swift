public import Pylon

// What reaches each player as entities: only what is near, and of that only what changed.
extension ArenaZone: ReplicatedSimulation {
    /// The types by their numbers on the wire; the first three are the kinds of wanderer.
    enum EntityKind: Int {
        case player = 3
        case shot = 4
    }

    /// A player's fields, in order.
    enum PlayerField: Int {
        case number, aim, health, isShielded, isDown, score, velocityX, velocityY
    }

    /// Half a pixel in each direction, in a zone as large as rules allow.
    public static let componentSchema: ComponentSchema = {
        let heading = FieldKind.unsigned(bits: 10)
        let number = FieldKind.unsigned(bits: 16)
        // Whole 32nds of a pixel a second, so that rest is exactly 0.
        let velocity = FieldKind.signed(bits: 16)
        do throws(ComponentSchemaError) {
            return try ComponentSchema(
                position: PositionSchema(dimensions: 2, min: 0, max: 32_767.5, bits: 16),
                types: [
                    EntityType("drifter"), EntityType("darter"), EntityType("hunter"),
                    EntityType(
                        "player",
                        [
                            ComponentField("number", number), ComponentField("aim", heading, weight: 0.5),
                            ComponentField("health", .unsigned(bits: 3), weight: 2),
                            ComponentField("shielded", .bool), ComponentField("down", .bool, weight: 4),
                            ComponentField("score", .unsigned(bits: 20), weight: 0.5),
                            // What a client needs to predict its own ship, and nobody else does.
                            ComponentField("vx", velocity, isOwnerOnly: true),
                            ComponentField("vy", velocity, isOwnerOnly: true),
                        ]),
                    EntityType("shot", [ComponentField("aim", heading), ComponentField("owner", number)]),
                ])
        } catch {
            preconditionFailure("the arena's schema: \(error)")
        }
    }()

    /// A screen and a little more around one's own ship; onlookers follow the leader.
    public func interest(of subscriber: SubscriberID) -> Interest {
        let shape = Interest.Shape.box(halfExtents: Vector3(Self.sightWidth, Self.sightHeight))
        if let place = placeOfPlayer[subscriber], let entity = players[place].entity {
            return Interest(centre: .entity(entity), shape: shape)
        }
        if let leader = leader?.entity { return Interest(centre: .entity(leader), shape: shape) }
        return Interest(centre: .position(Vector3(rules.width / 2, rules.height / 2)), shape: shape)
    }

    /// Tells the engine where everything is after a step; it finds out what that changes for whom.
    mutating func mirrorEntities() {
        for index in wanderers.indices {
            let wanderer = wanderers[index]
            wanderers[index].entity = mirrored(
                wanderer.entity, wanderer.kind.rawValue, at: wanderer.isPresent ? wanderer.position : nil)
        }
        for index in players.indices { mirror(player: index) }
        for index in shots.indices { mirror(shot: index) }
    }

    /// The entity of something that is at `position`, or no longer anywhere.
    private mutating func mirrored(_ entity: EntityID?, _ type: Int, at position: Vector?) -> EntityID? {
        guard let position else {
            if let entity { entities.despawn(entity) }
            return nil
        }
        let place = Vector3(position.x, position.y)
        guard let entity else { return try? entities.spawn(type, at: place) }
        entities.move(entity, to: place)
        return entity
    }

    private mutating func mirror(player index: Int) {
        let player = players[index]
        let known = mirrored(player.entity, EntityKind.player.rawValue, at: player.position)
        players[index].entity = known
        guard let entity = known else { return }
        if player.entity == nil {
            entities.setOwner(of: entity, to: player.subscriber)
            entities.set(PlayerField.number.rawValue, of: entity, to: player.number)
        }
        entities.set(PlayerField.aim.rawValue, of: entity, to: player.aim.step)
        entities.set(PlayerField.health.rawValue, of: entity, to: player.health)
        entities.set(PlayerField.isShielded.rawValue, of: entity, to: player.shield.isRunning)
        entities.set(PlayerField.isDown.rawValue, of: entity, to: player.isDown)
        entities.set(PlayerField.score.rawValue, of: entity, to: player.score)
        entities.set(PlayerField.velocityX.rawValue, of: entity, to: Self.velocityWord(player.velocity.x))
        entities.set(PlayerField.velocityY.rawValue, of: entity, to: Self.velocityWord(player.velocity.y))
    }

    private mutating func mirror(shot index: Int) {
        let shot = shots[index]
        let known = mirrored(shot.entity, EntityKind.shot.rawValue, at: shot.position)
        shots[index].entity = known
        guard let entity = known, shot.entity == nil else { return }
        entities.set(0, of: entity, to: shot.heading.step)
        entities.set(1, of: entity, to: shot.owner)
    }

    static func velocityWord(_ velocity: Double) -> Int { Int((velocity * 32).rounded()) }

    /// Half the width and height of what a player is sent, in pixels; the page shows 1280 x 720.
    static let sightWidth = 800.0
    static let sightHeight = 500.0
}
