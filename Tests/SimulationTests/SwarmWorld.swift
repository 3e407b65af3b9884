import PylonJSON
import PylonSimulation
import PylonTime

/// A world of a few points pushed about by inputs and of ever changing noise; two views of it.
struct SwarmWorld: Simulation {
    struct Input: Sendable {
        let push: Int32
    }

    struct Refusal: Error {}

    private var noise: UInt64
    private var positions: [Int32]
    private var members: [SubscriberID] = []

    init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        noise = generator.next()
        positions = []
        for _ in 0..<4 { positions.append(Int32(truncatingIfNeeded: generator.next())) }
    }

    static func decodeInput(_ json: JSONValue) throws -> Input { Input(push: Int32(json.int ?? 0)) }

    mutating func apply(_ input: Input, from subscriber: SubscriberID, _ context: StepContext) throws {
        if input.push == 0 { throw Refusal() }
        positions[Int(input.push.magnitude) % positions.count] &+= input.push
    }

    mutating func step(_ context: StepContext) {
        // Little, since tests take millions of steps; every step touches what every later one depends on.
        noise = (noise ^ context.tick.number) &* 0x0000_0100_0000_01B3
    }

    mutating func subscriberJoined(_ subscriber: SubscriberID) {
        members.append(subscriber)
        positions[0] ^= 1
    }

    mutating func subscriberLeft(_ subscriber: SubscriberID) {
        members.removeAll { $0 == subscriber }
        positions[1] ^= 2
    }

    func view(of subscriber: SubscriberID) -> Bool { subscriber.name.utf8.count.isMultiple(of: 2) }

    func writeSnapshot(of view: Bool, _ context: SnapshotContext, into json: inout JSONWriter) {
        json.beginArray()
        json.value(context.tick.number)
        json.value(noise)
        for position in view ? positions[...] : positions[..<2] { json.value(position) }
        for member in members {
            json.value(member.name)
            json.value(context.acknowledgement(of: member)?.serverSequence ?? 0)
        }
        json.endArray()
    }
}
