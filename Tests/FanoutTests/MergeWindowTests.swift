import PylonFanout
import PylonTime
import Testing

@Suite struct MergeWindowTests {
    private static func instant(_ microseconds: UInt64) -> Instant { Instant(nanoseconds: microseconds * 1000) }

    @Test func aNewWindowIsOpen() {
        #expect(MergeWindow().wait(now: Instant(nanoseconds: 0)) == .zero)
        #expect(MergeWindow().wait(now: Self.instant(7)) == .zero)
    }

    /// How long a flush took, and the wait right behind it, all in µs: half as long, none below half a millisecond, 5 ms at the most.
    @Test(
        arguments: [
            (0, 0), (1, 0), (998, 0), (999, 0), (1000, 500), (1001, 500), (2000, 1000), (9998, 4999), (10_000, 5000),
            (10_001, 5000), (1_000_000, 5000),
        ] as [(UInt64, Int64)])
    func theWindowIsHalfOfTheLastFlush(flush: UInt64, wait: Int64) {
        let start: UInt64 = 1_000_000
        let end = start + flush
        var window = MergeWindow()
        window.flushed(from: Self.instant(start), to: Self.instant(end))
        let first = window.wait(now: Self.instant(end))
        // Half of an odd number of microseconds.
        #expect(first >= .microseconds(wait) && first < .microseconds(wait + 1))
        guard wait > 0 else { return }
        #expect(window.wait(now: Self.instant(end + 100)) == first - .microseconds(100))
        #expect(window.wait(now: Self.instant(end + UInt64(wait) + 1)) == .zero)
    }

    @Test func eachFlushSetsTheWindowAnew() {
        var window = MergeWindow()
        window.flushed(from: Self.instant(0), to: Self.instant(100_000))
        window.flushed(from: Self.instant(105_000), to: Self.instant(105_100))
        #expect(window.wait(now: Self.instant(105_100)) == .zero)
    }
}
