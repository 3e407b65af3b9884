import PylonFanout
import PylonEventLoop
import PylonJSON
import PylonNet
import PylonShardHost
import PylonSimulation
import PylonTelemetry
import PylonTestSupport
import PylonTime
import Testing

@Suite struct ShardRunnerSubscribingTests {
    @Test func theFirstFrameComesAtOnceAndEveryTickAfterIt() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        _ = fixture.worker.runDue()
        let member = try fixture.join(shard, as: "a")
        #expect(try member.frames(1).map(\.tick) == [1])
        for _ in 0..<5 { fixture.advance(.milliseconds(50)) }
        #expect(try member.frames(5).map(\.tick) == [2, 3, 4, 5, 6])
        #expect(shard.information.subscribers == 1)
        #expect(fixture.registry.counters.subscribers.value == 1)
        fixture.stop()
    }

    @Test func theFirstFrameIsEncodedOnceHoweverManyJoinBetweenTwoTicks() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["ticks_per_snapshot": 1000])
        _ = fixture.worker.runDue()
        let members = try (0..<3).map { try fixture.join(shard, as: "m\($0)") }
        for member in members {
            let frame = try #require(try member.frames(1).first)
            #expect(frame.tick == 1 && frame.text == "[0,0]")
        }
        fixture.stop()
    }

    @Test func onlyThoseMayWatchWhomTheWorldAllows() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        #expect(throws: ShardError.unauthorized(reason: "the subscriber id must be your user id")) {
            try fixture.join(shard, as: "a", userID: "b")
        }
        let admin = try fixture.join(shard, as: "a", isAdmin: true, userID: "__admin__")
        #expect(shard.information.subscribers == 1)
        withExtendedLifetime(admin) {}
        fixture.stop()
    }

    @Test func aFullShardRefusesUntilSomebodyLeaves() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["max_subscribers": 2])
        let member = try fixture.join(shard, as: "a")
        let second = try fixture.join(shard, as: "a")
        #expect(throws: ShardError.full) { try fixture.join(shard, as: "b") }
        try fixture.leave(member)
        let third = try fixture.join(shard, as: "b")
        #expect(throws: ShardError.full) { try fixture.join(shard, as: "c") }
        withExtendedLifetime((second, third)) {}
        fixture.stop()
    }

    @Test func zeroSubscribersMaximumIsUnlimited() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["max_subscribers": 0])
        let members = try (0..<20).map { try fixture.join(shard, as: "\($0)") }
        #expect(shard.information.subscribers == members.count)
        fixture.stop()
    }

    @Test func theSameSubscriberTwiceGetsBothStreamsAndClosingOneLeavesTheOther() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let first = try fixture.join(shard, as: "a")
        let second = try fixture.join(shard, as: "a")
        fixture.advance(.milliseconds(50))
        try fixture.leave(first)
        #expect(shard.information.subscribers == 1)
        try fixture.push(["add": 4], from: second)
        fixture.advance(.milliseconds(50))
        #expect(try second.frames(3).last?.text == "[0,4]")
        try fixture.leave(second)
        #expect(shard.information.subscribers == 0)
        #expect(fixture.registry.counters.subscribers.value == 0)
        fixture.stop()
    }

    @Test func newcomersDuringPublishingMissNoTickAfterTheirFirst() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["tick_rate_hz": 100])
        var members: [ShardFixture.Member] = []
        for _ in 0..<40 {
            members.append(try fixture.join(shard, as: "a"))
            fixture.advance(.milliseconds(10))
        }
        // A frame at a time for the loop, so that none of the lane's is dropped.
        for _ in 0..<20 {
            fixture.advance(.milliseconds(10))
            try fixture.server.thread.turn()
        }
        let last = shard.information.tick
        for (index, member) in members.enumerated() {
            var ticks: [UInt64] = []
            while ticks.last != last { ticks.append(try #require(try member.frames(1).first).tick) }
            let first = try #require(ticks.first)
            #expect(ticks == Array(first...last), "member \(index)")
        }
        fixture.stop()
    }

    @Test func aConnectionThatClosesWhileSubscribingIsAnsweredAndDetached() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        for closesFirst in [true, false] {
            let (client, connection) = try fixture.server.connect()
            let answered = Mailbox<Bool>()
            let caller = Caller(userID: "a", isAdmin: false)
            try fixture.request(shard, "a", caller, connection, Mailbox()) { answered.put((try? $0.get()) != nil) }
            if closesFirst {
                try fixture.server.on(connection) { $0.close() }
                _ = fixture.worker.runDue()
            } else {
                // Admitted by the worker, and closed before the loop has heard of it.
                let isHeld = Mailbox<Void>()
                let release = Mailbox<Void>()
                fixture.server.loop.submit {
                    isHeld.put(())
                    _ = try? release.next()
                    connection.value.close()
                }
                _ = try isHeld.next()
                _ = fixture.worker.runDue()
                release.put(())
            }
            try fixture.server.thread.turn()
            _ = fixture.worker.runDue()
            // Answered all the same: whoever asked has something to give back.
            #expect(try answered.next() == false)
            #expect(shard.information.subscribers == 0)
            #expect(fixture.registry.counters.subscribers.value == 0)
            withExtendedLifetime(client) {}
        }
        fixture.advance(.milliseconds(50))
        fixture.stop()
    }

    @Test func aConnectionIsReleasedOnceItHasLeft() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        weak var connection: Connection?
        weak var subscription: Subscription?
        do {
            let member = try fixture.join(shard, as: "a")
            connection = member.connection.value
            subscription = member.subscription?.value
            #expect(connection != nil && subscription != nil)
            try fixture.leave(member)
        }
        try fixture.server.thread.turn()
        #expect(connection == nil && subscription == nil)
        fixture.stop()
    }

    @Test func aHandlerMayCloseInTheAnswerItself() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let (client, connection) = try fixture.server.connect()
        let caller = Caller(userID: "a", isAdmin: false)
        try fixture.request(shard, "a", caller, connection, Mailbox()) { _ in connection.value.close() }
        _ = fixture.worker.runDue()
        try fixture.server.thread.turn()
        _ = fixture.worker.runDue()
        #expect(shard.information.subscribers == 0)
        #expect(try client.receiveToEnd().isEmpty)
        fixture.advance(.milliseconds(50))
        fixture.stop()
    }

    @Test func aSubscriptionCancelledInTheAnswerReceivesNothing() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let (client, connection) = try fixture.server.connect()
        let caller = Caller(userID: "a", isAdmin: false)
        try fixture.request(shard, "a", caller, connection, Mailbox()) { result in
            if case .success(let subscription) = result { subscription.value.cancel() }
        }
        _ = fixture.worker.runDue()
        try fixture.server.thread.turn()
        _ = fixture.worker.runDue()
        fixture.advance(.milliseconds(50))
        #expect(shard.information.subscribers == 0)
        try fixture.server.on(connection) { $0.close() }
        #expect(try client.receiveToEnd().isEmpty)
        fixture.advance(.milliseconds(50))
        fixture.stop()
    }
}
