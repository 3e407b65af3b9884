import PylonJSON
import PylonSimulation
import PylonTime
import Testing

@Suite struct SimulationTests {
    private struct Still: Simulation {
        struct Input: Decodable, Sendable {
            let x: Int
        }
        mutating func apply(_ input: Input, from subscriber: SubscriberID, _ context: StepContext) throws {}
        mutating func step(_ context: StepContext) {}
        func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) { json.null() }
    }

    @Test(arguments: [
        (Caller(userID: "u", isAdmin: false), true), (Caller(userID: "v", isAdmin: false), false),
        (Caller(userID: nil, isAdmin: false), false), (Caller(userID: nil, isAdmin: true), true),
        (Caller(userID: "__admin__", isAdmin: true), true),
    ])
    func byDefaultAdminsActAsAnyoneAndOthersAsThemselves(caller: Caller, isAllowed: Bool) {
        let world = Still()
        let subscriber = SubscriberID("u")
        #expect((world.authorizeSubscribe(subscriber, caller: caller) == .allowed) == isAllowed)
        #expect((world.authorizeInput(.init(x: 1), from: subscriber, caller: caller) == .allowed) == isAllowed)
    }

    @Test func byDefaultAShardNeverFinishesAndDecodesItsInput() throws {
        #expect(!Still().isFinished)
        #expect(Still().view(of: SubscriberID("u")) == WholeView())
        #expect(try Still.decodeInput(["x": 4]).x == 4)
        #expect(throws: (any Error).self) { try Still.decodeInput(["x": "four"]) }
    }

    @Test func theStepContextTellsTheSimulatedTime() throws {
        let context = StepContext(tick: Tick(3), rate: try #require(TickRate(hertz: 50)))
        #expect(context.dt == .milliseconds(20))
        #expect(context.seconds == 0.02)
        let eventDriven = StepContext(tick: Tick(1), rate: .eventDriven)
        #expect(eventDriven.dt == .zero && eventDriven.seconds == 0)
    }

    @Test func everyRefusalHasWordsForPeople() {
        #expect(ShardError.full.message == "the shard is full")
        #expect(ShardError.unauthorized(reason: "no").message == "unauthorized: no")
        #expect(ShardError.inputMalformed(reason: "x").message == "the input does not fit: x")
        #expect(ShardError.stopped.message == "the shard has stopped")
        #expect(ShardError.inputQueueFull.message == "the shard's input queue is full")
    }
}
