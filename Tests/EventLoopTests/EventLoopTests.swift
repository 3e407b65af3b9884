import PylonEventLoop
import PylonTestSupport
import PylonThreading
import PylonTime
import Testing

@Suite struct EventLoopTests {
    /// What happened, written on the loop only.
    private final class Diary: @unchecked Sendable {
        // Safety: touched on the loop's thread, and by the test after the loop's thread was joined.
        var lines: [String] = []
    }

    @Test func whatOneThreadSubmitsRunsInOrder() throws {
        let thread = try LoopThread()
        let seen = Mailbox<Int>()
        for number in 0..<1000 { thread.loop.submit { seen.put(number) } }
        #expect(try seen.take(1000) == Array(0..<1000))
        thread.stop()
    }

    @Test func whatManyThreadsSubmitIsNeverLost() throws {
        let thread = try LoopThread()
        let total = Counted()
        let producers = (0..<4).map { _ in
            Thread.spawn(name: "producer") {
                for _ in 0..<10_000 { thread.loop.submit { total.value += 1 } }
            }
        }
        producers.forEach { $0.join() }
        #expect(try thread.run { total.value } == 40_000)
        thread.stop()
    }

    @Test func aSleepingLoopIsWokenByEverySubmission() throws {
        let thread = try LoopThread()
        let failures = Mailbox<Bool>()
        // Each producer waits for its own answer, so the loop falls asleep all the time, at every point of a submission.
        let producers = (0..<4).map { _ in
            Thread.spawn(name: "producer") {
                for _ in 0..<5000 {
                    do {
                        try thread.run {}
                    } catch {
                        return failures.put(true)
                    }
                }
                failures.put(false)
            }
        }
        #expect(try failures.take(4, within: 60) == [false, false, false, false])
        producers.forEach { $0.join() }
        thread.stop()
    }

    @Test func aTaskRunsAsOftenAsItWasSubmitted() throws {
        final class Task: LoopTask {
            let ran = Mailbox<Void>()
            func runOnLoop() { ran.put(()) }
        }
        let thread = try LoopThread()
        let task = Task()
        for _ in 0..<3 { thread.loop.submit(task: task) }
        try thread.run {}
        #expect(task.ran.count == 3)
        thread.stop()
    }

    @Test func theLoopKnowsItsThread() throws {
        let thread = try LoopThread()
        let loop = thread.loop
        #expect(!loop.isCurrent)
        #expect(try thread.run { loop.isCurrent })
        thread.stop()
    }

    @Test func timersFireInOrderOfTheirDeadlinesWhenTheClockHasMoved() throws {
        let clock = ManualClock()
        let thread = try LoopThread(clock: clock)
        let loop = thread.loop
        let fired = Mailbox<Int>()
        try thread.run {
            for delay in [30, 10, 20, 10] {
                loop.schedule(after: .milliseconds(delay)) { fired.put(delay) }
            }
        }
        try thread.turn()
        #expect(fired.count == 0)
        clock.advance(by: .milliseconds(10))
        loop.wake()
        #expect(try fired.take(2) == [10, 10])
        clock.advance(by: .milliseconds(19))
        loop.wake()
        #expect(try fired.next() == 20)
        clock.advance(by: .milliseconds(1))
        loop.wake()
        #expect(try fired.next() == 30)
        thread.stop()
    }

    @Test func aTimerOfTheSystemClockWakesTheLoopByItself() throws {
        let thread = try LoopThread()
        let loop = thread.loop
        let fired = Mailbox<Instant>()
        let start = SystemClock().now()
        try thread.run { loop.schedule(after: .milliseconds(5)) { fired.put(SystemClock().now()) } }
        #expect(try fired.next() - start >= .milliseconds(5))
        thread.stop()
    }

    @Test func aTimerTooFarForTheClockNeverComes() throws {
        let clock = ManualClock()
        let thread = try LoopThread(clock: clock)
        let loop = thread.loop
        let fired = Mailbox<String>()
        try thread.run {
            loop.schedule(after: .seconds(Int64.max)) { fired.put("too early") }
            loop.schedule(after: .seconds(1)) { fired.put("due") }
        }
        clock.advance(by: .seconds(1))
        loop.wake()
        #expect(try fired.next() == "due")
        #expect(fired.count == 0)
        thread.stop()
    }

    @Test func stoppingRunsWhatWasSubmittedBeforeAndDuringTheLastTurn() throws {
        let loop = try EventLoop(index: 0, clock: SystemClock())
        let diary = Diary()
        loop.submit { diary.lines.append("before") }
        loop.stop()
        loop.submit {
            diary.lines.append("behind")
            loop.submit { diary.lines.append("last") }
        }
        let thread = loop.start { diary.lines.append("set up") }
        thread.join()
        #expect(diary.lines == ["set up", "before", "behind", "last"])
    }

    @Test func flushesComeAtTheEndOfTheTurn() throws {
        let thread = try LoopThread()
        let loop = thread.loop
        let diary = Diary()
        let done = Mailbox<Void>()
        loop.submit {
            let channel = PipeChannel(loop: loop)
            channel.onFlush = { channel in
                diary.lines.append("flush")
                if diary.lines.count < 4 {
                    // Asked for during a flush: the next turn's.
                    loop.requestFlush(channel)
                } else {
                    done.put(())
                }
            }
            loop.requestFlush(channel)
            diary.lines.append("body")
            loop.submit { diary.lines.append("next turn") }
        }
        loop.submit { diary.lines.append("same turn") }
        _ = try done.next()
        thread.stop()
        #expect(diary.lines.prefix(3) == ["body", "same turn", "flush"])
        #expect(diary.lines.filter { $0 == "flush" }.count >= 2)
    }
}

/// A number that only the loop touches.
private final class Counted: @unchecked Sendable {
    // Safety: read and written on the loop's thread only.
    var value = 0
}
