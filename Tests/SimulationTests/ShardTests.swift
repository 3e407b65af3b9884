import PylonJSON
import PylonSimulation
import PylonTime
import Testing

@Suite struct ShardTests {
    private let a = SubscriberID("a")
    private let b = SubscriberID("b")
    private typealias Queued = Shard<PlotWorld>.QueuedInput

    private func queued(_ sequence: UInt64, _ subscriber: SubscriberID, _ number: Int, client: UInt64? = nil) -> Queued
    {
        Queued(sequence: sequence, clientSequence: client, subscriber: subscriber, input: .init(number: number))
    }

    private func shard(endsAfter: UInt64 = .max, ticksPerSnapshot: Int = 1) -> Shard<PlotWorld> {
        var configuration = ShardConfiguration()
        configuration.ticksPerSnapshot = ticksPerSnapshot
        return Shard(world: PlotWorld(endsAfter: endsAfter), configuration: configuration)
    }

    @Test func inputsComeInTheirOrderBeforeTheStep() {
        var shard = shard()
        shard.attach(a)
        shard.step(inputs: [queued(1, a, 5), queued(2, b, 6), queued(3, a, 7)])
        shard.step(inputs: [])
        #expect(shard.world.diary == ["+a", "1:a=5", "1:b=6", "1:a=7", "1:step", "2:step"])
        #expect(shard.tick == Tick(2))
    }

    @Test func theSameSubscriberTwiceJoinsOnceAndLeavesWithItsLast() {
        var shard = shard()
        shard.attach(a)
        shard.attach(a)
        shard.attach(b)
        #expect(shard.connectionCount == 3)
        shard.detach(a)
        #expect(shard.isAttached(a))
        #expect(shard.world.diary == ["+a", "+b"])
        shard.detach(a)
        #expect(!shard.isAttached(a) && shard.isAttached(b))
        #expect(shard.connectionCount == 1)
        shard.detach(a)
        #expect(shard.world.diary == ["+a", "+b", "-a"])
        shard.attach(a)
        #expect(shard.world.diary == ["+a", "+b", "-a", "+a"])
    }

    @Test func acknowledgementsNameTheNewestInputOfEach() {
        var shard = shard()
        shard.attach(a)
        shard.attach(b)
        #expect(snapshot(of: shard, view: .init()) == "[0,null,null]")
        shard.step(inputs: [queued(1, a, 5, client: 70), queued(2, a, 5, client: 71), queued(3, b, 5)])
        #expect(snapshot(of: shard, view: .init()) == "[1,[2,71,1],[3,0,1]]")
        // An input without a number keeps the client's last one.
        shard.step(inputs: [queued(4, a, 5)])
        #expect(snapshot(of: shard, view: .init()) == "[2,[4,71,2],[3,0,1]]")
        shard.detach(a)
        #expect(snapshot(of: shard, view: .init()) == "[2,null,[3,0,1]]")
    }

    @Test func aRefusedInputIsCountedAndAcknowledged() {
        var shard = shard()
        shard.attach(a)
        shard.step(inputs: [queued(1, a, -1, client: 9), queued(2, a, 3, client: 10)])
        #expect(shard.inputsFailed == 1)
        #expect(shard.world.diary == ["+a", "1:a=3", "1:step"])
        shard.step(inputs: [queued(3, a, -1, client: 11)])
        #expect(snapshot(of: shard, view: .init()) == "[2,[3,11,2],null]")
    }

    @Test func whoIsNotAttachedIsNotAcknowledged() {
        var shard = shard()
        shard.step(inputs: [queued(1, a, 5)])
        #expect(shard.world.diary == ["1:a=5", "1:step"])
        #expect(snapshot(of: shard, view: .init()) == "[1,null,null]")
    }

    @Test func aStepCountsAsActiveWithSomebodyThereOrAnInput() {
        var shard = shard()
        shard.step(inputs: [])
        #expect(shard.tickLastActive == Tick(0))
        shard.attach(a)
        shard.step(inputs: [])
        #expect(shard.tickLastActive == Tick(2))
        shard.detach(a)
        shard.step(inputs: [])
        #expect(shard.tickLastActive == Tick(2))
        shard.step(inputs: [queued(1, b, 1)])
        #expect(shard.tickLastActive == Tick(4))
        shard.step(inputs: [])
        #expect(shard.tickLastActive == Tick(4))
    }

    @Test(arguments: [1, 2, 3]) func everySoManyTicksAreSnapshotsPublished(every: Int) {
        var shard = shard(ticksPerSnapshot: every)
        for tick in 1...12 {
            shard.step(inputs: [])
            #expect(shard.publishesNow == (tick % every == 0))
        }
    }

    @Test func theLastTickIsPublishedWhateverItsNumber() {
        var shard = shard(endsAfter: 4, ticksPerSnapshot: 3)
        let published = (1...4).map { _ in
            shard.step(inputs: [])
            return shard.publishesNow
        }
        #expect(published == [false, false, true, true])
        #expect(shard.world.isFinished)
    }

    @Test func theSnapshotHashIsFNV1aOfTheSnapshot() {
        let shard = shard()
        var writer = JSONWriter()
        let expected = "[0,null,null]".utf8.reduce(14_695_981_039_346_656_037 as UInt64) {
            ($0 ^ UInt64($1)) &* 1_099_511_628_211
        }
        #expect(shard.snapshotHash(of: .init(), scratch: &writer) == expected)
        #expect(shard.snapshotHash(of: .init(), scratch: &writer) == expected)
    }
}
