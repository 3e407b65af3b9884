import PylonJSON
import PylonTime
import Testing

@testable import PylonSimulation

@Suite struct SubscriberRoleTests {
    private let a = SubscriberID("a")
    private let b = SubscriberID("b")

    /// A world that notes who comes in which role, and shows spectators something else.
    private struct Stage: Simulation {
        struct Input: Decodable, Sendable {}

        var diary: [String] = []

        mutating func apply(_ input: Input, from subscriber: SubscriberID, _ context: StepContext) {}
        mutating func step(_ context: StepContext) {}
        func view(of subscriber: SubscriberID) -> String { subscriber.name }
        func view(of subscriber: SubscriberID, as role: SubscriberRole) -> String {
            role == .player ? view(of: subscriber) : "all"
        }
        func writeSnapshot(of view: String, _ context: SnapshotContext, into json: inout JSONWriter) {
            json.value(view)
        }
        mutating func subscriberJoined(_ subscriber: SubscriberID, as role: SubscriberRole) {
            diary.append("+\(subscriber) \(role)")
        }
        mutating func subscriberLeft(_ subscriber: SubscriberID, as role: SubscriberRole) {
            diary.append("-\(subscriber) \(role)")
        }
    }

    @Test func theWorldHearsOfTheFirstAndTheLastConnectionInEachRole() {
        var shard = Shard(world: Stage(), configuration: ShardConfiguration())
        shard.attach(a, as: .spectator)
        shard.attach(a, as: .spectator)
        #expect(!shard.isAttached(a) && shard.spectatorCount == 1 && shard.playerCount == 0)
        shard.attach(a)
        shard.detach(a, as: .spectator)
        #expect(shard.isAttached(a) && shard.connectionCount == 2)
        shard.detach(a, as: .spectator)
        shard.detach(a, as: .spectator)
        shard.detach(a)
        #expect(shard.world.diary == ["+a spectator", "+a player", "-a spectator", "-a player"])
        #expect(shard.world.view(of: a, as: .spectator) == "all" && shard.world.view(of: a, as: .player) == "a")
    }

    @Test func aWorldThatKnowsNoSpectatorsHearsOfNone() {
        var shard = Shard(world: PlotWorld(endsAfter: .max), configuration: ShardConfiguration())
        shard.attach(a, as: .spectator)
        shard.attach(b)
        shard.detach(a, as: .spectator)
        #expect(shard.world.diary == ["+b"])
    }

    @Test func playersAndSpectatorsHaveMaximaOfTheirOwn() throws {
        let configuration = try ShardConfiguration(json: ["max_players": 1, "max_spectators": 1])
        var shard = Shard(world: Stage(), configuration: configuration)
        #expect(shard.hasPlace(for: a, as: .player))
        shard.attach(a)
        #expect(shard.hasPlace(for: a, as: .player), "one more connection of a player")
        #expect(!shard.hasPlace(for: b, as: .player) && shard.hasPlace(for: b, as: .spectator))
        shard.attach(b, as: .spectator)
        #expect(!shard.hasPlace(for: a, as: .spectator))
    }

    @Test func spectatorsKeepAShardFromIdling() {
        var shard = Shard(world: Stage(), configuration: ShardConfiguration())
        shard.attach(a, as: .spectator)
        shard.step(inputs: [])
        #expect(shard.tickLastActive == Tick(1))
    }

    @Test func aShardIsFinishedAfterItsTicks() throws {
        let configuration = try ShardConfiguration(json: ["max_ticks": 2, "ticks_per_snapshot": 10])
        var shard = Shard(world: Stage(), configuration: configuration)
        shard.step(inputs: [])
        #expect(!shard.isFinished && !shard.publishesNow)
        shard.step(inputs: [])
        #expect(shard.isFinished && shard.publishesNow, "its last state goes out")
    }
}
