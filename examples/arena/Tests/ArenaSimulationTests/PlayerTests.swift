import Pylon
import Testing

@testable import ArenaSimulation

@Suite struct PlayerTests {
    @Test func `who joins gets a player and who leaves takes it along`() {
        var arena = ArenaHarness(wanderers: 0)
        for name in ["a", "b", "c"] { arena.join(name) }
        arena.leave("a")
        arena.send(ArenaInput(name: "Cee"), from: "c")
        arena.send(ArenaInput(name: "Bee"), from: "b")
        arena.send(ArenaInput(name: "Ghost"), from: "a")
        arena.step()
        #expect(arena.zone.players.map(\.name) == ["Bee", "Cee"])
        #expect(arena.zone.players.map(\.number) == [2, 3])
        #expect(arena.shard.inputsFailed == 1)
    }

    @Test func `an onlooker sees without being seen`() {
        var arena = ArenaHarness(wanderers: 0)
        arena.join("watch_1")
        #expect(arena.zone.players.isEmpty)
        let nobody = Caller(userID: nil, isAdmin: false)
        #expect(arena.zone.authorizeSubscribe(SubscriberID("watch_1"), caller: nobody) == .allowed)
        #expect(arena.zone.authorizeSubscribe(SubscriberID("guest_1"), caller: nobody) != .allowed)
        let guest = Caller(userID: "guest_1", isAdmin: false)
        #expect(arena.zone.authorizeSubscribe(SubscriberID("guest_1"), caller: guest) == .allowed)
        #expect(arena.zone.authorizeInput(ArenaInput(), from: SubscriberID("watch_1"), caller: guest) != .allowed)
    }

    @Test func `a player gathers speed, keeps to it and stops`() {
        var zone = ArenaZone.empty()
        zone.subscriberJoined(SubscriberID("p"))
        zone.players[0].position = Vector(200, 500)
        var arena = ArenaHarness(zone)
        arena.send(ArenaInput(move: Vector(1, 0)), from: "p")
        arena.step(20)
        let moving = arena.zone.players[0]
        #expect(moving.velocity == Vector(Player.speed, 0))
        #expect(moving.position.x > 200 + 0.8 * Player.speed)
        #expect(moving.position.y == 500)
        arena.send(ArenaInput(move: .zero), from: "p")
        arena.step(20)
        #expect(arena.zone.players[0].velocity == .zero)
    }

    @Test func `the wall takes the speed that runs into it and leaves the rest`() {
        var zone = ArenaZone.empty()
        zone.subscriberJoined(SubscriberID("p"))
        zone.players[0].position = Vector(950, 200)
        var arena = ArenaHarness(zone)
        arena.send(ArenaInput(move: Vector(1, 1).shortened(to: 1)), from: "p")
        arena.step(20)
        let player = arena.zone.players[0]
        #expect(player.position.x == 1000 - Player.radius)
        #expect(player.velocity.x == 0)
        #expect(player.velocity.y > 100)
    }

    @Test func `the snapshot acknowledges what was applied and ranks the leaders`() throws {
        var arena = ArenaHarness(wanderers: 2)
        for name in ["a", "b"] { arena.join(name) }
        arena.send(ArenaInput(fire: false), from: "b", clientSequence: 77)
        arena.step()
        let json = try JSONParser.parse(arena.snapshotText())
        #expect(json["tick"] == 1)
        #expect(json["players"]?[0]?[0] == 1)
        #expect(json["players"]?[0]?[7] == 0)
        #expect(json["players"]?[1]?[7] == 77)
        #expect(json["leaders"] == [1, 2])
        #expect(json["wanderers"]?.array?.count == 4)
        #expect(json["roster"]?[1]?[1] == "b")
        #expect(json["zone"]?["kinds"] == [2, 0, 0])
    }

    @Test func `an arrival is told in the next snapshot, once`() {
        var arena = ArenaHarness(wanderers: 0)
        arena.join("a")
        arena.step()
        #expect(arena.zone.events.map(\.kind) == [.arrived])
        arena.join("b")
        arena.step()
        #expect(arena.zone.events.map(\.player) == [2])
        arena.step()
        #expect(arena.zone.events.isEmpty)
    }

    @Test func `the roster goes out when it changes and twice a second`() throws {
        var arena = ArenaHarness(wanderers: 0)
        arena.join("a")
        let withRoster = (1...20).filter { _ in
            arena.step()
            return arena.snapshotText().contains("roster")
        }
        #expect(withRoster == [1, 2, 10, 20])
    }

    @Test(arguments: [
        ("Ada", "Ada"), ("  Ada \n", "Ada"), ("a\u{0}b\u{202E}c", "abc"), ("0123456789abcdefXYZ", "0123456789abcdef"),
        ("Zoë 🦊", "Zoë 🦊"), ("   ", nil), ("", nil), ("e" + String(repeating: "\u{301}", count: 500), nil),
    ])
    func `names are cleaned`(_ text: String, _ expected: String?) {
        #expect(Nickname.cleaned(text) == expected)
    }

    @Test func `unchosen names depend on the id only`() {
        #expect(Nickname.derived(from: "guest_1") == Nickname.derived(from: "guest_1"))
        #expect(Set((0..<100).map { Nickname.derived(from: "guest_\($0)") }).count > 60)
    }
}
