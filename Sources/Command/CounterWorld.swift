internal import PylonJSON
internal import PylonShardHost
internal import PylonSimulation
internal import PylonTime

/// A shard for tests: inputs add to a total, which everyone sees with the newest acknowledgement of each sender.
struct CounterWorld: PersistentSimulation {
    /// `{"add": 3}`; the total wraps around rather than trap.
    struct Input: Decodable, Sendable {
        let add: Int
    }

    /// `POST /api/shards {"id":"c","kind":"counter","config":{"finish_at":10}}`: ends when the total reaches `finish_at`.
    static let kind = ShardKind(
        "counter",
        config: [.integer("finish_at", Int.min...Int.max, "the total at which the shard ends")],
        lobby: .open(config: ["max_players": 8], perUser: 2, total: 50)
    ) { setup in
        CounterWorld(finishAt: setup.config["finish_at"]?.int)
    }

    let finishAt: Int?
    private var total = 0
    private var senders: [SubscriberID] = []

    init(finishAt: Int?) {
        self.finishAt = finishAt
    }

    mutating func apply(_ input: Input, from subscriber: SubscriberID, _ context: StepContext) {
        total &+= input.add
    }

    mutating func step(_ context: StepContext) {}

    mutating func subscriberJoined(_ subscriber: SubscriberID) { senders.append(subscriber) }

    mutating func subscriberLeft(_ subscriber: SubscriberID) { senders.removeAll { $0 == subscriber } }

    var isFinished: Bool { finishAt.map { total >= $0 } ?? false }

    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) {
        json.beginObject()
        json.member("tick", context.tick.number)
        json.member("total", total)
        json.key("acks")
        json.beginObject()
        for sender in senders {
            json.key(sender.name)
            json.value(context.acknowledgement(of: sender)?.clientSequence)
        }
        json.endObject()
        json.endObject()
    }

    func save(into state: inout StateWriter) {
        state.write(1 as UInt64)
        state.write(total)
        state.write(senders) { $1.write($0) }
    }

    init(restoring state: inout StateReader, setup: ShardSetup) throws {
        _ = try state.readVersion(newest: 1)
        finishAt = setup.config["finish_at"]?.int
        total = try state.readInt()
        senders = try state.readArray { (state) throws(StateError) in try state.readSubscriber() }
    }
}
