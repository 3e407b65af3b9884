internal import Pylon

// Wanderers: what they want, and how they get there.
extension ArenaZone {
    mutating func stepWanderers(_ seconds: Double) {
        for index in wanderers.indices {
            if wanderers[index].absence.isRunning {
                if wanderers[index].absence.elapses(in: seconds) { comeBack(index) }
                continue
            }
            let quarry = nearestPlayer(to: wanderers[index])
            steer(index, quarry, seconds)
            if let quarry, wanderers[index].kind == .hunter { bite(index, quarry) }
        }
    }

    private mutating func comeBack(_ index: Int) {
        wanderers[index].position = randomPosition(margin: 40)
        wanderers[index].velocity = .zero
        wanderers[index].toughness = wanderers[index].kind.traits.toughness
    }

    /// The player it has noticed; shields hide their bearer.
    private func nearestPlayer(to wanderer: Wanderer) -> Int? {
        let sight = wanderer.kind.traits.sight
        guard sight > 0 else { return nil }
        var nearest: Int?
        var distanceSquared = sight * sight
        for index in playerGrid.near(wanderer.position, radius: sight)
        where players[index].isPresent && !players[index].shield.isRunning {
            let candidate = (players[index].position - wanderer.position).lengthSquared
            if candidate < distanceSquared {
                nearest = index
                distanceSquared = candidate
            }
        }
        return nearest
    }

    private mutating func steer(_ index: Int, _ quarry: Int?, _ seconds: Double) {
        // Up to 32/1,024 of a turn either way in every step, some 30 degrees in a second: a lazy, curving walk.
        let turn = Int(random.next() >> 58) - 32
        wanderers[index].heading = wanderers[index].heading.turned(by: turn)
        let wanderer = wanderers[index]
        let traits = wanderer.kind.traits
        var wanted = wanderer.heading.unit * traits.calmSpeed
        if let quarry {
            let towards = (players[quarry].position - wanderer.position).scaled(to: traits.speed)
            wanted = wanderer.kind == .hunter ? towards : towards * -1
        }
        wanted += separation(of: index)
        let velocity = wanderer.velocity.approaching(wanted, by: Wanderer.acceleration * seconds)
        wanderers[index].velocity = velocity
        move(index, by: velocity * seconds)
    }

    /// A velocity away from neighbours that are too close; theirs is the mirror image in the same step.
    private func separation(of index: Int) -> Vector {
        let wanderer = wanderers[index]
        let radius = wanderer.kind.traits.radius
        var push = Vector.zero
        for other in wandererGrid.near(wanderer.position, radius: radius + Wanderer.radiusMaximum)
        where other != index && wanderers[other].isPresent {
            let apart = wanderer.position - wanderers[other].position
            let distanceMinimum = radius + wanderers[other].kind.traits.radius
            let distanceSquared = apart.lengthSquared
            guard distanceSquared < distanceMinimum * distanceMinimum else { continue }
            let distance = distanceSquared.squareRoot()
            // Two in the very same place part along x, the earlier one to the left.
            let direction = distance > 0 ? apart * (1 / distance) : Vector(index < other ? -1 : 1, 0)
            push += direction * (Self.separationSpeed * (1 - distance / distanceMinimum) + 20)
        }
        return push
    }

    private mutating func move(_ index: Int, by step: Vector) {
        let radius = wanderers[index].kind.traits.radius
        let wanted = wanderers[index].position + step
        let position = confined(wanted, margin: radius)
        wanderers[index].position = position
        if position.x != wanted.x {
            wanderers[index].heading = wanderers[index].heading.mirroredHorizontally
            wanderers[index].velocity.x *= -1
        }
        if position.y != wanted.y {
            wanderers[index].heading = wanderers[index].heading.mirroredVertically
            wanderers[index].velocity.y *= -1
        }
    }

    private mutating func bite(_ index: Int, _ quarry: Int) {
        let apart = players[quarry].position - wanderers[index].position
        let reach = Player.radius + Wanderer.Kind.hunter.traits.radius
        guard apart.lengthSquared < reach * reach, hurt(quarry, by: 0, shield: Self.biteShield) else { return }
        let recoil = (apart.lengthSquared > 0 ? apart : Vector(1, 0)).scaled(to: Self.recoilSpeed)
        players[quarry].velocity += recoil
        wanderers[index].velocity = recoil * -1
    }

    /// Pixels per second.
    static let separationSpeed = 160.0
    static let recoilSpeed = 320.0
    /// Seconds for which a bitten player cannot be bitten again.
    static let biteShield = 0.9
}
