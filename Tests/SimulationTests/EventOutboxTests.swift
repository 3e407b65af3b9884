import PylonJSON
import PylonTime
import Testing

@testable import PylonSimulation

/// Says what it hears: each input is broadcast, one that is negative is refused right after.
private struct HeraldWorld: Simulation {
    struct Refusal: Error {}

    static func decodeInput(_ json: JSONValue) throws -> Int { json.int ?? 0 }

    mutating func apply(_ input: Int, from subscriber: SubscriberID, _ context: StepContext) throws {
        context.broadcast { $0.value(input) }
        if input < 0 {
            context.broadcast { $0.value("never heard") }
            throw Refusal()
        }
    }

    mutating func step(_ context: StepContext) {
        context.broadcast { json in
            json.beginObject()
            json.member("step", context.tick.number)
            json.endObject()
        }
    }

    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) { json.null() }
}

@Suite struct EventOutboxTests {
    private func step(_ shard: inout Shard<HeraldWorld>, _ inputs: [Int], _ events: EventOutbox) {
        let queued = inputs.enumerated().map { index, input in
            Shard<HeraldWorld>.QueuedInput(
                sequence: UInt64(index + 1), clientSequence: nil, subscriber: SubscriberID("a"), input: input)
        }
        shard.step(inputs: queued, events: events)
    }

    @Test func eventsComeInTheOrderInWhichTheyWereBroadcast() {
        var shard = Shard(world: HeraldWorld(), configuration: ShardConfiguration())
        let events = EventOutbox()
        step(&shard, [7, 8], events)
        #expect(events.texts == ["7", "8", #"{"step":1}"#])
        #expect(events.ends == [1, 2, 12] && events.count == 3)
        events.removeAll()
        #expect(events.isEmpty && events.texts.isEmpty)
        step(&shard, [], events)
        #expect(events.texts == [#"{"step":2}"#])
    }

    @Test(arguments: [[-1], [5, -1], [-1, 5], [-1, -2, 3, -4]]) func whatARefusedInputSaidIsTakenBack(inputs: [Int]) {
        var shard = Shard(world: HeraldWorld(), configuration: ShardConfiguration())
        let events = EventOutbox()
        step(&shard, inputs, events)
        #expect(events.texts == inputs.filter { $0 >= 0 }.map(String.init) + [#"{"step":1}"#])
        #expect(shard.inputsFailed == UInt64(inputs.count { $0 < 0 }))
    }
}
