/// A world that takes in what other shards hand to it, and takes back what they refuse; only such a world may hand anything off
/// (`StepContext.handOff`).
///
/// Both calls come at the start of a step, before its inputs, in an order that recordings and journals keep. Each hand-off is received once
/// and taken back at most once, whatever dies when (docs/decisions/0013-hand-off.md).
public protocol HandoffSimulation: Simulation {
    /// Takes in what another shard has let go of. An error refuses it, and it goes back there; one that describes itself
    /// (`CustomStringConvertible`) is the reason that the other world hears. The payload may be anything.
    ///
    /// A subscriber who comes along has been authorized (`authorizeSubscribe`) and is counted in right behind this call: its entity is here
    /// when `subscriberJoined` is called.
    mutating func receive(_ handoff: Handoff, _ context: StepContext) throws

    /// Takes back what this world handed off and the target refused. Its subscriber may have left meanwhile.
    mutating func takeBack(_ handoff: Handoff, reason: String, _ context: StepContext)
}

/// The calls of a `HandoffSimulation` on a world whose type is known only as some simulation.
struct HandoffHooks<World: Simulation>: Sendable {
    let receive: @Sendable (inout World, Handoff, StepContext) throws -> Void
    let takeBack: @Sendable (inout World, Handoff, String, StepContext) -> Void

    /// Nil for worlds that take part in no hand-offs.
    init?() {
        guard let type = World.self as? any HandoffSimulation.Type else { return nil }
        self.init(type)
    }

    private init<Other: HandoffSimulation>(_ type: Other.Type) {
        // Safety: `Other` is `World`, seen through its conformance. A cast of the value would copy the world.
        receive = { world, handoff, context in
            try withUnsafeMutablePointer(to: &world) { pointer in
                try pointer.withMemoryRebound(to: Other.self, capacity: 1) { try $0.pointee.receive(handoff, context) }
            }
        }
        takeBack = { world, handoff, reason, context in
            withUnsafeMutablePointer(to: &world) { pointer in
                pointer.withMemoryRebound(to: Other.self, capacity: 1) {
                    $0.pointee.takeBack(handoff, reason: reason, context)
                }
            }
        }
    }
}
