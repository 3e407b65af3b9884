import PylonBytes
import PylonJSON
import PylonSimulation
import PylonTime

/// A small world that writes down everything the engine does to it.
struct PlotWorld: Simulation {
    struct Input: Sendable {
        var number: Int
    }

    struct Refusal: Error {}

    var diary: [String] = []
    var endsAfter: UInt64 = .max
    private(set) var isFinished = false

    static func decodeInput(_ json: JSONValue) throws -> Input { Input(number: json.int ?? 0) }

    mutating func apply(_ input: Input, from subscriber: SubscriberID, _ context: StepContext) throws {
        if input.number < 0 { throw Refusal() }
        diary.append("\(context.tick):\(subscriber)=\(input.number)")
    }

    mutating func step(_ context: StepContext) {
        diary.append("\(context.tick):step")
        isFinished = context.tick.number >= endsAfter
    }

    mutating func subscriberJoined(_ subscriber: SubscriberID) { diary.append("+\(subscriber)") }
    mutating func subscriberLeft(_ subscriber: SubscriberID) { diary.append("-\(subscriber)") }

    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) {
        json.beginArray()
        json.value(context.tick.number)
        for name in ["a", "b"] {
            guard let acknowledgement = context.acknowledgement(of: SubscriberID(name)) else {
                json.null()
                continue
            }
            json.beginArray()
            json.value(acknowledgement.serverSequence)
            json.value(acknowledgement.clientSequence ?? 0)
            json.value(acknowledgement.tick.number)
            json.endArray()
        }
        json.endArray()
    }
}

/// What a shard shows now.
func snapshot<World: Simulation>(of shard: Shard<World>, view: World.View) -> String {
    var writer = JSONWriter()
    shard.writeSnapshot(of: view, into: &writer)
    return String(decoding: writer.finish().copyBytes(), as: UTF8.self)
}
