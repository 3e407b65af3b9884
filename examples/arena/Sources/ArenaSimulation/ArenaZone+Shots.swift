internal import Pylon

// Shots: flight and hits.
extension ArenaZone {
    mutating func stepShots(_ seconds: Double) {
        var kept = 0
        for index in shots.indices {
            var shot = shots[index]
            let start = shot.position
            shot.position += shot.heading.unit * (Shot.speed * seconds)
            guard !shot.life.elapses(in: seconds), isInside(shot.position), !strikes(shot, from: start) else {
                if let entity = shot.entity { entities.despawn(entity) }
                continue
            }
            shots[kept] = shot
            kept += 1
        }
        shots.removeLast(shots.count - kept)
    }

    private func isInside(_ position: Vector) -> Bool {
        (0...rules.width).contains(position.x) && (0...rules.height).contains(position.y)
    }

    /// Something in a shot's way: its index, and how far from the start of the step.
    private struct Hit {
        let index: Int
        let along: Double

        /// Whether this is nearer than `other`, if there is another at all.
        func comes(before other: Hit?) -> Bool {
            guard let other else { return true }
            return along < other.along
        }
    }

    /// Whether the shot hits something on its way; if so, the nearest thing suffers.
    private mutating func strikes(_ shot: Shot, from start: Vector) -> Bool {
        let wanderer = wandererStruck(by: shot, from: start)
        if let player = playerStruck(by: shot, from: start), player.comes(before: wanderer) {
            // A shield stops the shot without harm.
            _ = hurt(player.index, by: shot.owner, shield: 0)
            return true
        }
        guard let wanderer else { return false }
        strike(wanderer.index, by: shot)
        return true
    }

    private mutating func strike(_ index: Int, by shot: Shot) {
        let kind = wanderers[index].kind
        wanderers[index].toughness -= 1
        if wanderers[index].toughness > 0 {
            wanderers[index].velocity += shot.heading.unit * Self.knockback
            record(.hit, at: wanderers[index].position, by: shot.owner)
        } else {
            wanderers[index].absence.start(Self.absenceTime)
            record(.popped, at: wanderers[index].position, by: shot.owner, value: kind.traits.points)
            award(kind.traits.points, to: shot.owner)
        }
    }

    private func wandererStruck(by shot: Shot, from start: Vector) -> Hit? {
        let reach = (shot.position - start).length / 2 + Wanderer.radiusMaximum + Shot.radius
        var nearest: Hit?
        for index in wandererGrid.near((start + shot.position) * 0.5, radius: reach) where wanderers[index].isPresent {
            let radius = wanderers[index].kind.traits.radius
            let hit = Self.hit(index, at: wanderers[index].position, radius: radius, by: shot, from: start)
            if let hit, hit.comes(before: nearest) { nearest = hit }
        }
        return nearest
    }

    private func playerStruck(by shot: Shot, from start: Vector) -> Hit? {
        let reach = (shot.position - start).length / 2 + Player.radius + Shot.radius
        var nearest: Hit?
        for index in playerGrid.near((start + shot.position) * 0.5, radius: reach)
        where players[index].isPresent && players[index].number != shot.owner {
            let hit = Self.hit(index, at: players[index].position, radius: Player.radius, by: shot, from: start)
            if let hit, hit.comes(before: nearest) { nearest = hit }
        }
        return nearest
    }

    /// Whether the shot's way in this step touches a disc.
    private static func hit(
        _ index: Int, at position: Vector, radius: Double, by shot: Shot, from start: Vector
    ) -> Hit? {
        let reach = radius + Shot.radius
        guard position.distanceSquared(toSegmentFrom: start, to: shot.position) < reach * reach else { return nil }
        return Hit(index: index, along: (position - start).dot(shot.heading.unit))
    }

    /// Pixels per second.
    static let knockback = 120.0
    /// Seconds until a wanderer comes back elsewhere.
    static let absenceTime = 4.0
}
