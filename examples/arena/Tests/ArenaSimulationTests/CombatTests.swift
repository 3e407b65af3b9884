import Pylon
import Testing

@testable import ArenaSimulation

@Suite struct CombatTests {
    private func duel(distance: Double) -> ArenaHarness {
        var zone = ArenaZone.empty()
        for (index, name) in ["p", "q"].enumerated() {
            zone.subscriberJoined(SubscriberID(name))
            zone.players[index].position = Vector(400 + Double(index) * distance, 500)
            zone.players[index].shield = Timer()
        }
        return ArenaHarness(zone)
    }

    /// A shot travels 36 pixels a tick and a drifter is 24 wide: without sweeping, some distances would be jumped over.
    @Test(arguments: Array(stride(from: 40, through: 400, by: 7)))
    func `a shot never jumps over its target`(_ distance: Int) {
        var arena = ArenaHarness(ArenaZone.withTarget(.drifter, ahead: Double(distance)))
        arena.send(ArenaInput(shoot: Heading(step: 0)), from: "p")
        arena.step(14)
        #expect(arena.zone.players[0].score == 1)
        #expect(arena.zone.shots.isEmpty)
    }

    @Test func `the nearer of two in line takes the hit`() {
        var zone = ArenaZone.withTarget(.hunter, ahead: 300)
        zone.wanderers.insert(Wanderer(.drifter, at: Vector(560, 500), heading: Heading(step: 0)), at: 0)
        var arena = ArenaHarness(zone)
        arena.send(ArenaInput(shoot: Heading(step: 0)), from: "p")
        arena.step(3)
        #expect(arena.zone.wanderers.map(\.isPresent) == [false, true])
        #expect(arena.zone.wanderers[1].toughness == 3)
    }

    @Test func `a shot out of reach fades`() {
        var arena = ArenaHarness(ArenaZone.withTarget(.drifter, ahead: -300))
        arena.send(ArenaInput(shoot: Heading(step: 0)), from: "p")
        arena.step()
        #expect(arena.zone.shots.count == 1)
        arena.step(15)
        #expect(arena.zone.shots.isEmpty)
        #expect(arena.zone.players[0].score == 0)
    }

    @Test func `a held trigger fires at the end of every cooldown, a tap once`() {
        var arena = duel(distance: 300)
        arena.send(ArenaInput(aim: Heading(step: 512), fire: true), from: "p")
        arena.step(9)
        #expect(arena.zone.shots.count == 3)
        arena.send(ArenaInput(fire: false), from: "p")
        arena.step(20)
        #expect(arena.zone.shots.isEmpty)
        // Pressed and let go between two ticks.
        arena.send(ArenaInput(fire: true), from: "p")
        arena.send(ArenaInput(fire: false), from: "p")
        arena.step(10)
        #expect(arena.zone.shots.count == 1)
    }

    @Test func `five hits take a player down, who is back after a while with full health`() {
        var arena = duel(distance: 100)
        arena.send(ArenaInput(aim: Heading(step: 0), fire: true), from: "p")
        arena.step(12)
        #expect(arena.zone.players[1].health < Player.healthMaximum)
        arena.step(20)
        #expect(arena.zone.players[1].isDown)
        #expect(arena.zone.players[0].score == ArenaZone.pointsForPlayer)
        #expect(arena.zone.players[1].score == 0)
        arena.send(ArenaInput(fire: false), from: "p")
        arena.step(Int(ArenaZone.revivalTime * 20) + 1)
        #expect(!arena.zone.players[1].isDown)
        #expect(arena.zone.players[1].health == Player.healthMaximum)
        #expect(arena.zone.players[1].shield.isRunning)
    }

    @Test func `health mends with time`() {
        var arena = duel(distance: 100)
        arena.send(ArenaInput(shoot: Heading(step: 0)), from: "p")
        arena.step(5)
        #expect(arena.zone.players[1].health == 4)
        arena.step(Int(ArenaZone.mendingTime * 20) + 2)
        #expect(arena.zone.players[1].health == 5)
    }

    @Test func `a shield stops a shot, and shooting ends the shield`() {
        var zone = duel(distance: 100).zone
        zone.players[1].shield.start(ArenaZone.arrivalShield)
        var arena = ArenaHarness(zone)
        arena.send(ArenaInput(shoot: Heading(step: 0)), from: "p")
        arena.step(6)
        #expect(arena.zone.players[1].health == 5)
        #expect(arena.zone.shots.isEmpty)
        arena.send(ArenaInput(shoot: Heading(step: 256)), from: "q")
        arena.step()
        #expect(!arena.zone.players[1].shield.isRunning)
    }

    @Test func `a hunter follows, bites once, and lets go for a moment`() {
        var arena = ArenaHarness(ArenaZone.withTarget(.hunter, ahead: 200))
        arena.step(40)
        #expect(arena.zone.players[0].health == 4)
        #expect(arena.zone.players[0].shield.isRunning)
    }

    @Test func `a darter keeps away`() {
        var arena = ArenaHarness(ArenaZone.withTarget(.darter, ahead: 80))
        arena.step(20)
        let apart = arena.zone.wanderers[0].position - arena.zone.players[0].position
        #expect(apart.length > 150)
    }

    @Test func `a hunter takes three hits and gives eight points`() {
        var arena = ArenaHarness(ArenaZone.withTarget(.hunter, ahead: 150))
        arena.send(ArenaInput(aim: Heading(step: 0), fire: true), from: "p")
        arena.step(30)
        #expect(arena.zone.players[0].score == 8)
    }

    @Test func `players do not stand on each other`() {
        var arena = duel(distance: 0)
        arena.step(2)
        let apart = arena.zone.players[1].position - arena.zone.players[0].position
        #expect(apart.length >= 2 * Player.radius - 0.001)
    }
}
