internal import PylonClient
internal import PylonTime
internal import Testing

@Suite struct BackoffTests {
    private var generator = SeededGenerator(seed: 7)

    @Test mutating func waitsDoubleUpToTheMaximum() {
        var backoff = Backoff()
        for ceiling in [500, 1000, 2000, 4000, 8000, 10_000, 10_000] {
            let wait = backoff.next(lived: .zero, using: &generator)
            #expect(wait >= .milliseconds(ceiling) / 2)
            #expect(wait <= .milliseconds(ceiling))
        }
    }

    @Test mutating func waitsAreSpread() {
        var waits: Set<Duration> = []
        for _ in 0..<100 {
            var backoff = Backoff()
            waits.insert(backoff.next(lived: .zero, using: &generator))
        }
        #expect(waits.count > 90)
        #expect(waits.contains { $0 < .milliseconds(300) })
        #expect(waits.contains { $0 > .milliseconds(450) })
    }

    @Test mutating func onlyAStreamThatLivedMakesWaitsShortAgain() {
        var backoff = Backoff()
        for _ in 0..<5 { _ = backoff.next(lived: .milliseconds(4999), using: &generator) }
        #expect(backoff.failures == 5)
        #expect(backoff.next(lived: .seconds(5), using: &generator) <= .milliseconds(500))
        #expect(backoff.failures == 1)
    }

    @Test mutating func theServersWishIsTheLeast() {
        var backoff = Backoff()
        #expect(backoff.next(lived: .zero, retryAfter: .seconds(60), using: &generator) == .seconds(60))
        #expect(backoff.next(lived: .zero, retryAfter: .milliseconds(1), using: &generator) >= .milliseconds(500))
    }

    @Test mutating func aThousandFailuresAreNoReasonToOverflow() {
        var backoff = Backoff(minimum: .seconds(3600), maximum: .seconds(86_400))
        for _ in 0..<1000 { #expect(backoff.next(lived: .zero, using: &generator) <= .seconds(86_400)) }
    }
}
