import Glibc
import PylonEventLoop
import PylonTestSupport
import PylonTime
import Testing

@Suite struct ChannelTests {
    private let clock = ManualClock()

    private func makeChannel(
        _ thread: LoopThread, _ configure: @escaping @Sendable (PipeChannel) -> Void = { _ in }
    ) throws -> OnLoop<PipeChannel> {
        let loop = thread.loop
        return try thread.run {
            let channel = PipeChannel(loop: loop)
            configure(channel)
            try loop.register(channel, for: .readable)
            return OnLoop(channel)
        }
    }

    /// Moves the clock and lets the loop see it.
    private func advance(_ thread: LoopThread, by duration: Duration) throws {
        clock.advance(by: duration)
        thread.loop.wake()
        try thread.turn()
    }

    @Test func readinessIsReportedUntilItIsHandled() throws {
        let thread = try LoopThread(clock: clock)
        let seen = Mailbox<Int>()
        let channel = try makeChannel(thread) { channel in
            var calls = 0
            channel.onReady = { channel in
                calls += 1
                seen.put(calls)
                if calls == 3 { channel.readByte() }
            }
        }
        try thread.run { channel.value.writeByte() }
        #expect(try seen.take(3) == [1, 2, 3])
        try thread.turn()
        #expect(seen.count == 0)
        #expect(try thread.run { thread.loop.registeredChannels.count } == 1)
        thread.stop()
    }

    @Test func nothingIsReportedWithoutInterest() throws {
        let thread = try LoopThread(clock: clock)
        let seen = Mailbox<Void>()
        let channel = try makeChannel(thread) { channel in
            channel.onReady = { channel in
                channel.readByte()
                seen.put(())
            }
        }
        let loop = thread.loop
        try thread.run {
            loop.update(channel.value, for: [])
            channel.value.writeByte()
        }
        try thread.turn()
        #expect(seen.count == 0)
        try thread.run { loop.update(channel.value, for: .readable) }
        _ = try seen.next()
        thread.stop()
    }

    @Test func anEventOfAChannelClosedInTheSameTurnNeverReachesItsSuccessor() throws {
        let thread = try LoopThread(clock: clock)
        let loop = thread.loop
        let seen = Mailbox<String>()
        let channels = try thread.run {
            let pair = [PipeChannel(loop: loop), PipeChannel(loop: loop)]
            func replace(_ other: PipeChannel) throws {
                let number = other.descriptor
                other.closeNow()
                let successor = PipeChannel(loop: loop)
                successor.onReady = { _ in seen.put("stale") }
                seen.put(successor.descriptor == number ? "reused" : "not reused")
                try loop.register(successor, for: .readable)
            }
            for (index, channel) in pair.enumerated() {
                channel.onReady = { channel in
                    channel.readByte()
                    // Whichever comes first replaces the other, whose event waits in the same batch.
                    channel.onReady = { _ in }
                    do {
                        try replace(pair[1 - index])
                    } catch {
                        seen.put("\(error)")
                    }
                }
                try loop.register(channel, for: .readable)
            }
            pair.forEach { $0.writeByte() }
            return OnLoop(pair)
        }
        let outcome = try seen.next()
        try thread.turn()
        // Another test may have taken the freed number; the rest holds all the same.
        #expect(outcome == "reused" || outcome == "not reused")
        #expect(seen.count == 0)
        withExtendedLifetime(channels) {}
        thread.stop()
    }

    @Test func aDeadlineComesOnceWhenItIsDue() throws {
        let thread = try LoopThread(clock: clock)
        let fired = Mailbox<Void>()
        let channel = try makeChannel(thread) { $0.onDeadline = { _ in fired.put(()) } }
        let due = clock.now() + .seconds(10)
        try thread.run { channel.value.loop.setDeadline(due, for: channel.value) }
        try advance(thread, by: .milliseconds(9999))
        #expect(fired.count == 0)
        try advance(thread, by: .milliseconds(1))
        #expect(fired.count == 1)
        try advance(thread, by: .seconds(100))
        #expect(fired.count == 1)
        thread.stop()
    }

    @Test(arguments: [([10, 20], 20), ([20, 10], 10), ([10, 20, 5], 5), ([10, 30, 20], 20), ([5, 10, 5], 5)])
    func theDeadlineSetLastIsTheOneThatComes(seconds: [Int], last: Int) throws {
        let thread = try LoopThread(clock: clock)
        let fired = Mailbox<Void>()
        let channel = try makeChannel(thread) { $0.onDeadline = { _ in fired.put(()) } }
        let start = clock.now()
        try thread.run {
            for second in seconds {
                channel.value.loop.setDeadline(start + .seconds(second), for: channel.value)
            }
        }
        for second in 1...40 {
            try advance(thread, by: .seconds(1))
            #expect(fired.count == (second >= last ? 1 : 0), "after \(second) s")
        }
        thread.stop()
    }

    @Test func aCancelledDeadlineNeverComesAndALaterOneDoes() throws {
        let thread = try LoopThread(clock: clock)
        let fired = Mailbox<Void>()
        let channel = try makeChannel(thread) { $0.onDeadline = { _ in fired.put(()) } }
        let start = clock.now()
        try thread.run {
            channel.value.loop.setDeadline(start + .seconds(5), for: channel.value)
            channel.value.loop.setDeadline(.distantFuture, for: channel.value)
        }
        try advance(thread, by: .seconds(6))
        #expect(fired.count == 0)
        try thread.run { channel.value.loop.setDeadline(start + .seconds(7), for: channel.value) }
        try advance(thread, by: .seconds(1))
        #expect(fired.count == 1)
        thread.stop()
    }

    @Test func aDeadlineSetBeforeRegistrationComesToo() throws {
        let thread = try LoopThread(clock: clock)
        let fired = Mailbox<Void>()
        let start = clock.now()
        let channel = try makeChannel(thread) { channel in
            channel.onDeadline = { channel in
                if fired.count == 0 { channel.loop.setDeadline(start + .seconds(9), for: channel) }
                fired.put(())
            }
            channel.loop.setDeadline(start + .seconds(5), for: channel)
        }
        try advance(thread, by: .seconds(5))
        #expect(fired.count == 1)
        try advance(thread, by: .seconds(4))
        #expect(fired.count == 2)
        withExtendedLifetime(channel) {}
        thread.stop()
    }

    @Test func aDeadlineDiesWithTheRegistration() throws {
        let thread = try LoopThread(clock: clock)
        let loop = thread.loop
        let fired = Mailbox<Void>()
        let channel = try makeChannel(thread) { $0.onDeadline = { _ in fired.put(()) } }
        let start = clock.now()
        try thread.run {
            loop.setDeadline(start + .seconds(5), for: channel.value)
            loop.deregister(channel.value)
        }
        try advance(thread, by: .seconds(6))
        #expect(fired.count == 0)
        // Registered again it may have deadlines again.
        try thread.run {
            try loop.register(channel.value, for: .readable)
            loop.setDeadline(start + .seconds(8), for: channel.value)
        }
        try advance(thread, by: .seconds(2))
        #expect(fired.count == 1)
        thread.stop()
    }

    @Test func randomDeadlinesOfManyChannelsAllCome() throws {
        let thread = try LoopThread(clock: clock)
        let loop = thread.loop
        var generator = SeededGenerator(seed: testSeed())
        let fired = Mailbox<Int>()
        let channels = try (0..<20).map { index in try makeChannel(thread) { $0.onDeadline = { _ in fired.put(index) } }
        }
        var deadlines = [Int?](repeating: nil, count: 20)
        for now in 1...200 {
            for index in 0..<20 where Int.random(in: 0..<4, using: &generator) == 0 {
                let isCancelled = Int.random(in: 0..<5, using: &generator) == 0
                let delay = Int.random(in: 1...12, using: &generator)
                let deadline = isCancelled ? Instant.distantFuture : clock.now() + .seconds(delay)
                deadlines[index] = isCancelled ? nil : now - 1 + delay
                try thread.run { loop.setDeadline(deadline, for: channels[index].value) }
            }
            try advance(thread, by: .seconds(1))
            let due = deadlines.indices.filter { deadlines[$0] == now }
            #expect(Set(try fired.take(fired.count)) == Set(due))
            for index in due { deadlines[index] = nil }
        }
        thread.stop()
    }
}
