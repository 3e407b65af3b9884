import PylonJSON
import PylonShardHost
import PylonTestSupport
import PylonThreading
import PylonTime
import Testing

@Suite struct TickWorkerTests {
    @Test func commandsRunInTheOrderOfSubmission() throws {
        let worker = TickWorker(index: 0, clock: ManualClock())
        let seen = Mailbox<Int>()
        for number in 0..<100 { worker.submit { seen.put(number) } }
        #expect(seen.count == 0)
        #expect(worker.runDue() == .distantFuture)
        #expect(try seen.take(100) == Array(0..<100))
    }

    @Test func aCommandSubmittedByACommandRunsNextTime() throws {
        let worker = TickWorker(index: 0, clock: ManualClock())
        let seen = Mailbox<String>()
        worker.submit {
            seen.put("first")
            worker.submit { seen.put("second") }
        }
        _ = worker.runDue()
        #expect(seen.count == 1)
        _ = worker.runDue()
        #expect(try seen.take(2) == ["first", "second"])
    }

    @Test func aSleepingWorkerIsWokenByEveryCommand() throws {
        let worker = TickWorker(index: 0, clock: SystemClock())
        let thread = worker.start()
        let failures = Mailbox<Bool>()
        let producers = (0..<3).map { _ in
            Thread.spawn(name: "producer") {
                let answer = Mailbox<Void>()
                for _ in 0..<3000 {
                    worker.submit { answer.put(()) }
                    if (try? answer.next()) == nil { return failures.put(true) }
                }
                failures.put(false)
            }
        }
        #expect(try failures.take(3, within: 60) == [false, false, false])
        producers.forEach { $0.join() }
        worker.stop()
        thread.join()
    }

    @Test func aShardOnAThreadTicksByItself() throws {
        let clock = SystemClock()
        let worker = TickWorker(index: 0, clock: clock)
        let thread = worker.start()
        let registry = ShardRegistry(
            kinds: [LedgerWorld.kind], workers: [worker], shardsMaximum: 1, clock: clock, random: { 1 })
        let start = clock.now()
        let shard = try registry.create(
            id: "s", kind: "ledger", config: ["tick_rate_hz": 200, "idle_ticks_before_shutdown": 20])
        // It stops itself after 20 idle ticks, 95 ms after the first at the earliest.
        let ended = Mailbox<Instant>()
        @Sendable func look() {
            worker.submit { if shard.isRunning { look() } else { ended.put(clock.now()) } }
        }
        look()
        #expect(try ended.next() - start >= .milliseconds(80))
        worker.stop()
        thread.join()
    }
}
