import Pylon

@testable import ArenaSimulation

/// A zone in the engine's own shard, without threads, sockets or clock.
struct ArenaHarness {
    var shard: Shard<ArenaZone>
    private var sequence: UInt64 = 0
    private var waiting: [Shard<ArenaZone>.QueuedInput] = []

    init(_ zone: ArenaZone) {
        shard = Shard(world: zone, configuration: ShardConfiguration())
    }

    init(wanderers: Int = 300, seed: UInt64 = 1) {
        var rules = ZoneRules()
        rules.wanderers = wanderers
        self.init(ArenaZone(rules: rules, seed: seed))
    }

    var zone: ArenaZone { shard.world }

    mutating func join(_ name: String) { shard.attach(SubscriberID(name)) }
    mutating func leave(_ name: String) { shard.detach(SubscriberID(name)) }

    mutating func send(_ input: ArenaInput, from name: String, clientSequence: UInt64? = nil) {
        sequence += 1
        waiting.append(
            Shard.QueuedInput(
                sequence: sequence, clientSequence: clientSequence, subscriber: SubscriberID(name), input: input))
    }

    mutating func step(_ count: Int = 1, events: EventOutbox = EventOutbox()) {
        for _ in 0..<count {
            shard.step(inputs: waiting, events: events)
            waiting.removeAll(keepingCapacity: true)
        }
    }

    func snapshotText() -> String {
        var json = JSONWriter()
        shard.writeSnapshot(of: WholeView(), into: &json)
        return json.text
    }
}

/// A player who does something else every few ticks, decided by a seed.
struct RandomPlayer {
    let name: String
    var random: SeededGenerator

    mutating func act(in arena: inout ArenaHarness, tick: Int) {
        guard random.next() % 5 == 0 else { return }
        var input = ArenaInput(move: Vector(random.unitInterval() * 2 - 1, random.unitInterval() * 2 - 1))
        input.aim = Heading(step: Int(random.next() >> 32))
        input.fire = random.next() % 3 != 0
        arena.send(input, from: name, clientSequence: UInt64(tick))
    }
}
