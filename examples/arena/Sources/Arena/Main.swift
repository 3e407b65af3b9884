internal import ArenaPage
internal import ArenaSimulation
internal import Pylon

/// A whole game server: one kind of shard, one zone of it, one page to play on, and a command that fills it with bots.
@main
struct Main {
    static func main() {
        ShardServer(
            program: "arena",
            kinds: [ShardKind("arena") { try ArenaZone(config: $0.config, seed: $0.seed) }],
            shards: [InitialShard(id: "main", kind: "arena", config: ["idle_ticks_before_shutdown": 0])],
            pages: PageFile.all.map { Page(path: $0.path, contentType: $0.contentType, bytes: $0.bytes) },
            verbs: [
                Verb(
                    "soak", usage: SoakCommand.synopsis, effect: "plays for simulated hours and says what came of it",
                    run: SoakCommand.run),
                Verb(
                    "bots", usage: BotsCommand.synopsis, effect: "sends bots into a running arena", run: BotsCommand.run
                ),
                Verb("proxy", usage: ProxyCommand.synopsis, effect: "plays through a bad link", run: ProxyCommand.run),
            ]
        ).main()
    }
}
