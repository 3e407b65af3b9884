import PylonTime
import Testing

@Suite struct InstantTests {
    private let start = Instant(nanoseconds: 5_000_000_000)

    @Test func addingMovesForwardByWholeNanoseconds() {
        #expect((start + .milliseconds(3)).nanoseconds == 5_003_000_000)
        #expect(start + .zero == start)
    }

    @Test func aNegativeDurationCountsAsNone() {
        #expect(start + .seconds(-1) == start)
        #expect(start + .nanoseconds(-1) == start)
        #expect(Duration.seconds(-1).wholeNanoseconds == 0)
    }

    @Test func addingPastTheEndStaysAtTheEnd() {
        #expect(start + .seconds(Int64.max) == .distantFuture)
        #expect(start + .seconds(18_446_744_073) == .distantFuture)
        #expect(Instant.distantFuture + .nanoseconds(1) == .distantFuture)
    }

    @Test func theDifferenceOfAnEarlierAndALaterIsZero() {
        #expect(start - (start + .seconds(1)) == .zero)
        #expect((start + .seconds(1)) - start == .seconds(1))
        #expect(Instant.distantFuture - Instant(nanoseconds: 0) == .nanoseconds(Int64.max))
    }

    @Test func durationsAreClampedToWhatNanosecondsHold() {
        #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max)
        #expect((Duration.seconds(18_446_744_073) + .nanoseconds(709_551_615)).wholeNanoseconds == .max)
        #expect((Duration.seconds(18_446_744_073) + .nanoseconds(709_551_614)).wholeNanoseconds == UInt64.max - 1)
        #expect((Duration.seconds(18_446_744_073) + .nanoseconds(999_999_999)).wholeNanoseconds == .max)
        #expect(Duration.nanoseconds(1).wholeNanoseconds == 1)
    }

    @Test func secondsKeepTheirFraction() {
        #expect(Duration.milliseconds(1500).inSeconds == 1.5)
        #expect(Duration.zero.inSeconds == 0)
    }
}
