internal import CSystem
internal import PylonEventLoop
internal import PylonThreading
internal import PylonTime
internal import Synchronization
internal import Testing

/// What other threads hand to a loop arrives, whenever they do.
@Suite struct InboxRaceTests {
    private static let patience: Duration = .seconds(20)

    /// How far a test has come; each side spins on it, so that the orders in which they meet vary.
    private final class Progress: Sendable {
        let count = Atomic<Int>(0)
        let isOver = Atomic<Bool>(false)

        func add() { count.wrappingAdd(1, ordering: .relaxed) }

        /// Waits for the count; false when it was not reached in time.
        func reaches(_ target: Int) -> Bool {
            let deadline = ContinuousClock.now + patience
            while count.load(ordering: .relaxed) < target {
                guard ContinuousClock.now < deadline else { return false }
                sched_yield()
            }
            return true
        }
    }

    @Test func noWakeUpIsLostBetweenTwoSubmitters() throws {
        let loop = try EventLoop(index: 0, clock: SystemClock())
        let thread = loop.start()
        let progress = Progress()
        let waker = Thread.spawn(name: "waker") {
            while !progress.isOver.load(ordering: .relaxed) { loop.wake() }
        }
        for round in 1...20_000 {
            loop.submit { progress.add() }
            guard progress.reaches(round) else {
                Issue.record("what was submitted in round \(round) never ran")
                break
            }
        }
        progress.isOver.store(true, ordering: .relaxed)
        waker.join()
        // In case the loop sleeps on something, which is what this test is about.
        loop.wake()
        loop.stop()
        thread.join()
    }

    @Test func everythingRunsInTheOrderOfSubmission() throws {
        let loop = try EventLoop(index: 0, clock: SystemClock())
        let thread = loop.start()
        let progress = Progress()
        let misplaced = Atomic<Int>(0)
        for index in 0..<10_000 {
            loop.submit {
                if progress.count.load(ordering: .relaxed) != index { misplaced.wrappingAdd(1, ordering: .relaxed) }
                progress.add()
            }
        }
        #expect(progress.reaches(10_000))
        #expect(misplaced.load(ordering: .relaxed) == 0)
        loop.stop()
        thread.join()
    }
}
