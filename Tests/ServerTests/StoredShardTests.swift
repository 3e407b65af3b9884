import PylonJSON
import PylonMatchmaking
import PylonShardHost
import PylonSimulation
import Testing

@testable import PylonServer

/// Shards whose owners or players are forgotten with the process cannot be such that come back without it.
@Suite struct StoredShardTests {
    private func problem(_ server: ShardServer) throws -> String? {
        let configuration = try Configuration(arguments: [], environment: [:])
        return #expect(throws: StartError.self) {
            _ = try ServerProcess(server: server, configuration: configuration)
        }?.description
    }

    @Test func matchesAreNotStored() throws {
        var queue = MatchQueue("duel", kind: "still", players: 2...2)
        queue.config = ["private": true, "checkpoint_ticks": 10]
        let server = ShardServer(kinds: [ShardKind("still") { _ in Still() }], queues: [queue])
        #expect(try problem(server) == "queue duel: its matches cannot have checkpoint_ticks")
    }

    @Test func usersShardsAreNotStored() throws {
        let kind = ShardKind("still", lobby: .open(config: ["checkpoint_ticks": 10])) { _ in Still() }
        let text = "kind still: the shards of its lobby cannot have checkpoint_ticks"
        #expect(try problem(ShardServer(kinds: [kind])) == text)
    }
}

/// A world in which nothing happens.
private struct Still: Simulation {
    static func decodeInput(_ json: JSONValue) throws -> Bool { true }

    mutating func apply(_ input: Bool, from subscriber: SubscriberID, _ context: StepContext) {}

    mutating func step(_ context: StepContext) {}

    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) { json.value(0) }
}
