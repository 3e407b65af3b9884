import PylonTime
import Testing

@testable import PylonSimulation

@Suite struct TickScheduleTests {
    private let start = Instant(nanoseconds: 1_000_000_000)
    private let interval: Duration = .milliseconds(50)

    private func schedule() -> TickSchedule { TickSchedule(start: start, rate: .standard) }

    @Test func nothingIsDueBeforeTheDeadline() {
        var schedule = schedule()
        #expect(schedule.take(now: Instant(nanoseconds: start.nanoseconds - 1)) == TickSchedule.Due())
        #expect(schedule.deadline == start)
    }

    @Test func onTimeOneStepIsDue() {
        var schedule = schedule()
        #expect(schedule.take(now: start) == TickSchedule.Due(steps: 1))
        #expect(schedule.deadline == start + interval)
        #expect(schedule.take(now: start) == TickSchedule.Due())
    }

    @Test(arguments: 0...9) func lateByWholeIntervalsCatchesUpByFourAtMostAndCountsTheRest(late: Int) {
        var schedule = schedule()
        let due = schedule.take(now: start + interval * late + .milliseconds(1))
        #expect(due.steps == min(late + 1, 4))
        #expect(due.skipped == UInt64(max(0, late + 1 - 4)))
        #expect(due.lateness == interval * late + .milliseconds(1))
        #expect(schedule.deadline == start + interval * (late + 1))
    }

    @Test(arguments: [(1000, 20), (500, 10), (200, 4), (100, 4)]) func fastRatesOweTwentyMillisecondsFourStepsAtATime(
        hertz: Int, owed: Int
    ) throws {
        let rate = try #require(TickRate(hertz: hertz))
        var schedule = TickSchedule(start: start, rate: rate)
        let now = start + .milliseconds(100)
        var steps: [Int] = []
        var skipped: UInt64 = 0
        while schedule.deadline <= now {
            let due = schedule.take(now: now)
            steps.append(due.steps)
            skipped += due.skipped
        }
        #expect(steps.reduce(0, +) == owed && steps.allSatisfy { (1...4).contains($0) })
        #expect(owed + Int(skipped) == hertz / 10 + 1)
        #expect(schedule.deadline == start + rate.interval * (hertz / 10 + 1))
    }

    @Test func exactlyOneIntervalLateIsTwoSteps() {
        var schedule = schedule()
        #expect(schedule.take(now: start + interval).steps == 2)
        #expect(schedule.take(now: start + interval * 2).steps == 1)
    }

    @Test func aMillionTicksDoNotDrift() throws {
        let rate = try #require(TickRate(hertz: 60))
        var schedule = TickSchedule(start: start, rate: rate)
        var generator = SeededGenerator(seed: 60)
        for _ in 0..<1_000_000 {
            // Every waking is late by up to a millisecond; the deadlines do not care.
            let late = Int64(generator.next() % 1_000_000)
            guard schedule.take(now: schedule.deadline + .nanoseconds(late)).steps == 1 else {
                Issue.record("not one step")
                return
            }
        }
        #expect(schedule.deadline == start + rate.interval * 1_000_000)
    }
}
