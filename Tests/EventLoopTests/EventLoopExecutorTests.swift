import PylonEventLoop
import PylonTestSupport
import PylonThreading
import Testing

@Suite struct EventLoopExecutorTests {
    @Test func aTaskThatPrefersALoopRunsThereBetweenItsWaits() async throws {
        let thread = try LoopThread()
        let loop = thread.loop
        let other = BlockingThread(name: "other")
        let running = other.start()
        let seen = await Task(executorPreference: loop) {
            let before = loop.isCurrent
            let elsewhere = await other.run { loop.isCurrent }
            return [before, elsewhere ?? true, loop.isCurrent]
        }.value
        #expect(seen == [true, false, true])
        other.close()
        running.join()
        thread.stop()
    }

    @Test func aLoopSleepsNotOnWhatItsOwnThreadSubmits() throws {
        let thread = try LoopThread()
        let done = Mailbox<Int>()
        let loop = thread.loop
        // Each submits the next from the loop itself, where nobody else would wake it.
        @Sendable func step(_ number: Int) {
            if number == 1000 { done.put(number) } else { loop.submit { step(number + 1) } }
        }
        loop.submit { step(0) }
        #expect(try done.next() == 1000)
        thread.stop()
    }
}
