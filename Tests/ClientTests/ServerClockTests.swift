internal import PylonClient
internal import PylonTime
internal import Testing

@Suite struct ServerClockTests {
    /// The client's clock at so many milliseconds.
    private func at(_ milliseconds: Double) -> Instant { Instant(nanoseconds: UInt64(milliseconds * 1_000_000)) }

    private func sample(
        _ sent: Double, _ received: Double, server: Double, tick: UInt64 = 0, age: Double = 0
    ) -> ServerClock.Sample {
        ServerClock.Sample(
            sent: at(sent), received: at(received), serverMilliseconds: server, tick: Tick(tick),
            tickAgeMilliseconds: age)
    }

    @Test func knowsNothingBeforeTheFirstAnswer() {
        let clock = ServerClock(tickRate: .standard)
        #expect(clock.roundTrip == nil)
        #expect(clock.serverMilliseconds(at: at(5)) == nil)
        #expect(clock.tick(at: at(5)) == nil)
        #expect(clock.arrivalTick(at: at(5)) == nil)
    }

    @Test func theOffsetIsOfTheMiddleOfTheRoundTrip() throws {
        var clock = ServerClock()
        clock.add(sample(1000, 1100, server: 51_050))
        #expect(clock.roundTrip == .milliseconds(100))
        // The server stood at 51,050 when it stood at 1,050 here.
        #expect(abs(try #require(clock.serverMilliseconds(at: at(2000))) - 52_000) < 1e-6)
    }

    @Test func theShortestRoundTripCounts() throws {
        var clock = ServerClock()
        clock.add(sample(1000, 1020, server: 51_010))
        // 400 ms in a queue on the way back: by itself this sample would be 190 ms off.
        clock.add(sample(2000, 2420, server: 52_010))
        #expect(clock.roundTrip == .milliseconds(20))
        #expect(abs(try #require(clock.serverMilliseconds(at: at(3000))) - 53_000) < 1e-6)
        #expect(clock.jitter == .milliseconds(25))
    }

    @Test func oldSamplesAreForgotten() {
        var clock = ServerClock()
        clock.add(sample(0, 10, server: 5))
        for index in 1...16 { clock.add(sample(Double(index) * 1000, Double(index) * 1000 + 50, server: 0)) }
        #expect(clock.roundTrip == .milliseconds(50))
    }

    @Test func ticksGoOnBetweenAnswers() throws {
        var clock = ServerClock(tickRate: .standard)
        clock.add(sample(1000, 1040, server: 9020, tick: 120, age: 20))
        // Tick 120 was at 9,000 there, which is 1,000 here; 100 ms later two more have gone by.
        #expect(abs(try #require(clock.tick(at: at(1100))) - 122) < 1e-6)
        // And 0.4 more until what is sent now arrives.
        #expect(abs(try #require(clock.arrivalTick(at: at(1100))) - 122.4) < 1e-6)
        clock.tickRate = .eventDriven
        #expect(clock.tick(at: at(1100)) == nil)
    }

    @Test func anAnswerFromBeforeItsQuestionIsARoundTripOfNothing() {
        var clock = ServerClock()
        clock.add(sample(2000, 1000, server: 0))
        #expect(clock.roundTrip == .zero)
    }

    @Test func resettingForgets() {
        var clock = ServerClock(tickRate: .standard)
        clock.add(sample(1000, 1040, server: 9020))
        clock.reset()
        #expect(clock.roundTrip == nil)
        #expect(clock.tickRate == nil)
    }
}
