import PylonBytes
import PylonFanout
import PylonJSON
import PylonShardHost
import PylonSimulation
import PylonStreamProtocol
import PylonTestSupport
import PylonTime
import Testing

/// Whatever clients that take deltas acknowledge and ask for, and whichever view they get: each state they come to is one that the world had.
@Suite struct DeltaTests {
    /// A client with the states that it has.
    private struct Taker {
        let member: ShardFixture.Member
        private(set) var states: [UInt64: [UInt8]] = [:]
        private(set) var deltas = 0
        /// The tick of the newest state.
        private(set) var newest: UInt64 = 0

        init(_ member: ShardFixture.Member) {
            self.member = member
        }

        /// Takes the next message; returns the tick and the state, nil for one that is none.
        mutating func take() throws -> (tick: UInt64, text: String)? {
            let head = try member.client.receive(2)
            var count = Int(head[1])
            if count == 126 { count = try member.client.receive(2).reduce(0) { $0 << 8 | Int($1) } }
            let message = try member.client.receive(count)
            guard head[0] == 0x82 else { return nil }
            let (tick, state) = try state(message)
            // As clients keep them: one that comes again takes the place of the first.
            states[tick] = state
            newest = tick
            return (tick, String(decoding: state, as: UTF8.self))
        }

        private mutating func state(_ message: [UInt8]) throws -> (UInt64, [UInt8]) {
            guard message[0] == StateDelta.type else {
                return (message[1..<9].reduce(0) { $0 << 8 | UInt64($1) }, Array(message[9...]))
            }
            deltas += 1
            var offset = 1
            let head = try #require(message.withUnsafeBytes { StateDelta.Head($0, at: &offset) })
            let base = try #require(states[head.tick - head.baseAge], "the base is one of those it was sent")
            let operations = Array(message[offset...])
            let state = operations.withUnsafeBytes { StateDelta.apply($0, to: base, countMaximum: 1 << 20) }
            return (head.tick, try #require(state))
        }
    }

    private func acknowledge(_ tick: UInt64, _ taker: Taker, _ fixture: ShardFixture) throws {
        guard let subscription = taker.member.subscription else { return }
        try fixture.server.thread.run { subscription.value.acknowledge(Tick(tick)) }
    }

    private func askForKeyframe(_ shard: any ShardHandle, _ taker: Taker, _ fixture: ShardFixture) throws {
        guard let subscription = taker.member.subscription else { return }
        try fixture.server.thread.run { shard.resendState(to: subscription.value) }
        _ = fixture.worker.runDue()
        try fixture.server.thread.turn()
    }

    private func take(_ taker: inout Taker) throws -> (tick: UInt64, text: String) {
        while true {
            if let state = try taker.take() { return state }
        }
    }

    @Test(arguments: [0, 20]) func everyStateIsOneThatTheWorldHad(hertz: Int) throws {
        var generator = SeededGenerator(seed: testSeed())
        let fixture = try ShardFixture(kinds: [PaperWorld.kind])
        let shard = try fixture.create(["tick_rate_hz": .integer(Int64(hertz))], kind: "paper")
        var takers = try (0..<3).map { Taker(try fixture.join(shard, as: "t\($0)", stream: .v2Deltas)) }
        var passersBy = 0
        for index in takers.indices {
            #expect(PaperWorld.isState(try take(&takers[index]).text, tick: takers[index].newest))
        }
        for _ in 0..<250 {
            for index in takers.indices {
                let taker = takers[index]
                switch Int.random(in: 0..<10, using: &generator) {
                case 0...4: try acknowledge(taker.newest, taker, fixture)
                case 5:
                    // One on its way for long, or none that it has.
                    let tick =
                        taker.newest &+ UInt64.random(in: 0...3, using: &generator)
                        &- UInt64.random(in: 0...9, using: &generator)
                    if taker.states[tick] != nil || tick > taker.newest { try acknowledge(tick, taker, fixture) }
                case 6:
                    let room: JSONValue = ["enter": .integer(Int64.random(in: 0..<3, using: &generator))]
                    try fixture.push(room, from: taker.member)
                case 7:
                    try askForKeyframe(shard, taker, fixture)
                    let state = try take(&takers[index])
                    #expect(PaperWorld.isState(state.text, tick: state.tick))
                case 8:
                    // The world changes between its steps; what newcomers see first is another state of the same tick.
                    passersBy += 1
                    let passer = try fixture.join(shard, as: "p\(passersBy)", stream: .v2Deltas)
                    try fixture.leave(passer)
                default: break
                }
            }
            try fixture.push(["enter": 0], from: takers[0].member)
            fixture.advance(.milliseconds(50))
            try fixture.server.thread.turn()
            for index in takers.indices {
                let state = try take(&takers[index])
                #expect(PaperWorld.isState(state.text, tick: state.tick))
            }
        }
        #expect(takers.allSatisfy { $0.deltas > 30 }, "\(takers.map(\.deltas))")
        fixture.stop()
    }

    /// The state of the former view may have been sent under a tick that the new view's first one has as well.
    @Test func anAcknowledgementOfTheFormerViewIsNoBaseInTheNew() throws {
        let fixture = try ShardFixture(kinds: [PaperWorld.kind])
        let shard = try fixture.create(["tick_rate_hz": 20], kind: "paper")
        var taker = Taker(try fixture.join(shard, as: "ann", stream: .v2Deltas))
        // In the new view there is somebody already, whose states are kept.
        var other = Taker(try fixture.join(shard, as: "bob", stream: .v2Deltas))
        _ = (try take(&taker), try take(&other))
        try fixture.push(["enter": 1], from: other.member)
        for _ in 0..<3 {
            fixture.advance(.milliseconds(50))
            for tick in [try take(&taker).tick, try take(&other).tick] { #expect(tick > 0) }
            try acknowledge(other.newest, other, fixture)
        }
        let former = taker.newest
        try fixture.push(["enter": 1], from: taker.member)
        fixture.advance(.milliseconds(50))
        let moved = try take(&taker)
        #expect(moved.text == (try take(&other).text), "the same view now")
        // On its way since before.
        try acknowledge(former, taker, fixture)
        fixture.advance(.milliseconds(50))
        #expect(PaperWorld.isState(try take(&taker).text, tick: taker.newest))
        #expect(taker.deltas == 0)
        #expect(PaperWorld.isState(try take(&other).text, tick: other.newest))
        #expect(other.deltas > 0)
        try acknowledge(taker.newest, taker, fixture)
        fixture.advance(.milliseconds(50))
        #expect(PaperWorld.isState(try take(&taker).text, tick: taker.newest))
        #expect(taker.deltas == 1)
        fixture.stop()
    }

    @Test func whoAsksForTheWholeStateGetsItUntilItAcknowledges() throws {
        let fixture = try ShardFixture(kinds: [PaperWorld.kind])
        let shard = try fixture.create(["tick_rate_hz": 20], kind: "paper")
        var taker = Taker(try fixture.join(shard, as: "ann", stream: .v2Deltas))
        _ = try take(&taker)
        try acknowledge(taker.newest, taker, fixture)
        fixture.advance(.milliseconds(50))
        _ = try take(&taker)
        #expect(taker.deltas == 1)
        let lost = taker.newest - 1
        try askForKeyframe(shard, taker, fixture)
        _ = try take(&taker)
        // Of a state that it has lost.
        try acknowledge(lost, taker, fixture)
        fixture.advance(.milliseconds(50))
        _ = try take(&taker)
        #expect(taker.deltas == 1)
        try acknowledge(taker.newest, taker, fixture)
        fixture.advance(.milliseconds(50))
        _ = try take(&taker)
        #expect(taker.deltas == 2)
        fixture.stop()
    }
}
