internal import PylonFanout
internal import PylonReplication
internal import PylonSimulation
internal import PylonTime

/// How the state of a world goes out to streams v2 that get their own, subscriber by subscriber, instead of a snapshot that many share.
/// Belongs to the shard's worker; the messages go by its post.
class StateStream<World: Simulation> {
    /// The JSON that describes what the states consist of, for the hello.
    var schema: [UInt8] { preconditionFailure("of a subclass") }

    init() {}

    /// Takes a connection in; its first state comes with the next tick, or with `publishFirst` before.
    func admit(_ attachment: UInt64, _ request: SubscribeRequest, _ session: SessionStart, _ world: World) {}

    /// Lets a connection go.
    func detach(_ attachment: UInt64) {}

    /// The next state of this connection is a whole one; it comes with the next tick, or with `publishFirst` before.
    func requestKeyframe(_ attachment: UInt64) {}

    /// Puts everybody's state of the current tick into `post`. Right behind the step.
    func publish(_ shard: Shard<World>, into post: MessagePost) {}

    /// The same between steps for those who wait for their first, in a shard that rests; one that ticks lets them wait for the next.
    func publishFirst(_ shard: Shard<World>, into post: MessagePost) {}

    /// The hash of what a connection's client has that applied the state of `tick`; nil when that is not known.
    func takeHash(_ attachment: UInt64, of tick: Tick, _ shard: Shard<World>) -> UInt64? { nil }

    /// Ends every connection's stream.
    func end(_ ending: StreamEnding, by post: MessagePost) {}
}

/// The stream that the worlds of this type ask for; nil for those of JSON alone.
func makeStateStream<World: Simulation>(
    of type: World.Type, _ configuration: ShardConfiguration, counters: EntityCounters
) -> StateStream<World>? {
    func make<Replicated: ReplicatedSimulation>(_ type: Replicated.Type) -> AnyObject {
        EntityStream<Replicated>(configuration, counters: counters)
    }
    guard let replicated = type as? any ReplicatedSimulation.Type else { return nil }
    return make(replicated) as? StateStream<World>
}
