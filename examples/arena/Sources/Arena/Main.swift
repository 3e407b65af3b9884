internal import ArenaPage
internal import ArenaSimulation
internal import Pylon

/// A whole game server: one kind of shard, one zone of it, one page to play on, and a command that fills it with bots.
@main
struct Main {
    /// Inputs wait for their tick up to 0.4 s, so that ships fly as their pilots saw them fly; whoever loses the connection has ten seconds.
    private static let mainZone: JSONValue = [
        "idle_ticks_before_shutdown": 0, "input_delay_ticks": 8, "reconnect_grace_ms": 10_000,
    ]

    static func main() {
        ShardServer(
            program: "arena",
            kinds: [ShardKind("arena") { try ArenaZone(config: $0.config, seed: $0.seed) }],
            shards: [InitialShard(id: "main", kind: "arena", config: mainZone)],
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
