import Pylon
import Testing

@testable import ArenaSimulation

/// The zone as entities: what the engine sends of it.
@Suite struct ArenaEntityTests {
    @Test func `every creature in play is an entity where it is`() throws {
        var arena = ArenaHarness(wanderers: 100, seed: 3)
        arena.join("ada")
        arena.send(ArenaInput(move: Vector(1, 0), fire: true), from: "ada")
        for _ in 0..<200 {
            arena.step()
            let zone = arena.zone
            let present = zone.wanderers.filter(\.isPresent)
            #expect(zone.entities.count == present.count + zone.players.count + zone.shots.count)
            for wanderer in present { try expectPlace(of: wanderer.entity, wanderer.position, in: zone) }
            for shot in zone.shots { try expectPlace(of: shot.entity, shot.position, in: zone) }
            try expectPlace(of: zone.players[0].entity, zone.players[0].position, in: zone)
        }
    }

    private func expectPlace(of entity: EntityID?, _ position: Vector, in zone: ArenaZone) throws {
        let known = try #require(entity)
        let place = try #require(zone.entities.position(of: known))
        #expect(abs(place.x - position.x) <= 0.25 && abs(place.y - position.y) <= 0.25)
    }

    @Test func `a player's own entity tells how it is`() throws {
        var arena = ArenaHarness(wanderers: 0)
        arena.join("ada")
        arena.send(ArenaInput(move: Vector(1, 0), aim: Heading(step: 512)), from: "ada")
        arena.step(4)
        let entity = try #require(arena.zone.players[0].entity)
        let entities = arena.zone.entities
        func value(_ field: ArenaZone.PlayerField) -> FieldValue? { entities.value(field.rawValue, of: entity) }
        #expect(entities.owner(of: entity) == SubscriberID("ada"))
        #expect(value(.number) == .integer(1))
        #expect(value(.aim) == .integer(512))
        #expect(value(.health) == .integer(5))
        #expect(value(.isShielded) == .bool(true))
        #expect(value(.isDown) == .bool(false))
        #expect(value(.velocityX) == .integer(270 * 32))
        #expect(value(.velocityY) == .integer(0))

        arena.leave("ada")
        #expect(arena.zone.entities.count == 0)
    }

    @Test func `a player sees what is around it, an onlooker what is around the leader`() throws {
        var arena = ArenaHarness(wanderers: 0)
        arena.join("watch_bob")
        #expect(arena.zone.interest(of: SubscriberID("watch_bob")).centre == .position(Vector3(1600, 1000)))
        arena.join("ada")
        arena.step()
        let ship = try #require(arena.zone.players[0].entity)
        for name in ["ada", "watch_bob"] {
            #expect(arena.zone.interest(of: SubscriberID(name)).centre == .entity(ship), "\(name)")
        }
    }

    @Test func `everybody is told who plays, who leads and what happens`() throws {
        var arena = ArenaHarness(wanderers: 0)
        arena.join("ada")
        let events = EventOutbox()
        arena.step(events: events)
        let news = try JSONParser.parse(try #require(events.texts.first))
        #expect(news["tick"] == 1)
        #expect(news["roster"]?[0]?[1] == "ada")
        #expect(news["leaders"]?[0]?.array == [1, 0])
        #expect(news["events"]?[0] == 3)
        #expect(news["zone"]?["width"] == 3200)

        let later = EventOutbox()
        arena.step(5, events: later)
        #expect(later.isEmpty, "nothing happened")
        arena.step(94, events: later)
        #expect(later.count == 1, "and again for those who came meanwhile")
    }
}
