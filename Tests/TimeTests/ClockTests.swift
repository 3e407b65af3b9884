import PylonTime
import Testing

@Suite struct ClockTests {
    @Test func aManualClockMovesOnlyWhenMoved() {
        let clock = ManualClock(epochMicroseconds: 1000)
        let start = clock.now()
        #expect(clock.now() == start)
        #expect(clock.microsecondsSinceEpoch() == 1000)
        clock.advance(by: .microseconds(250))
        #expect(clock.now() - start == .microseconds(250))
        #expect(clock.microsecondsSinceEpoch() == 1250)
    }

    @Test func aManualClockNeverGoesBack() {
        let clock = ManualClock()
        let start = clock.now()
        clock.advance(by: .seconds(-5))
        #expect(clock.now() == start)
    }

    @Test func theSystemClockIsMonotonicAndOfThisCentury() {
        let clock = SystemClock()
        var last = clock.now()
        for _ in 0..<1000 {
            let now = clock.now()
            #expect(now >= last)
            last = now
        }
        #expect(CalendarTime(secondsSinceEpoch: Int(clock.microsecondsSinceEpoch() / 1_000_000)).year >= 2024)
    }
}
