internal import PylonClient
internal import PylonTime
internal import Testing

@Suite struct SnapshotBufferTests {
    private func at(_ milliseconds: Double) -> Instant { Instant(nanoseconds: UInt64(milliseconds * 1_000_000)) }

    /// A buffer of positions: the figure moves by 1 a tick.
    private func filled(_ ticks: ClosedRange<UInt64>, late: (UInt64) -> Double = { _ in 0 }) -> SnapshotBuffer<Double> {
        var buffer = SnapshotBuffer<Double>()
        for tick in ticks {
            buffer.push(Double(tick), tick: Tick(tick), at: at(10_000 + Double(tick) * 50 + late(tick)))
        }
        return buffer
    }

    private func advance(
        _ buffer: inout SnapshotBuffer<Double>, at now: Instant, by elapsed: Duration
    ) throws -> SnapshotBuffer<Double>.Moment {
        // By itself: the macro cannot take the address of the buffer.
        let moment = buffer.advance(at: now, elapsed: elapsed)
        return try #require(moment)
    }

    private func position(_ moment: SnapshotBuffer<Double>.Moment) -> Double {
        mix(moment.before, moment.after, moment.fraction)
    }

    @Test func showsNothingBeforeTheFirstState() {
        var buffer = SnapshotBuffer<Double>()
        let moment = buffer.advance(at: at(0), elapsed: .zero)
        #expect(moment == nil)
        #expect(buffer.around(3) == nil)
        #expect(buffer.latest == nil)
    }

    @Test func showsAMomentBetweenTwoStates() throws {
        var buffer = filled(0...10)
        let moment = try advance(&buffer, at: at(10_500), by: .zero)
        // The delay is 1.25 intervals: 62.5 ms, 1.25 ticks.
        #expect(buffer.delay == .microseconds(62_500))
        #expect(abs(moment.tick - 8.75) < 1e-6)
        #expect((moment.beforeTick, moment.afterTick) == (Tick(8), Tick(9)))
        #expect(abs(position(moment) - 8.75) < 1e-6)
    }

    @Test func theShownTickMovesEvenlyHoweverStatesArrive() throws {
        var buffer = filled(0...20) { $0.isMultiple(of: 3) ? 30 : 0 }
        var last = try advance(&buffer, at: at(11_000), by: .zero).tick
        for frame in 1...60 {
            let now = 11_000 + Double(frame) * 16
            let tick = UInt64(21 + frame * 16 / 50)
            buffer.push(Double(tick), tick: Tick(tick), at: at(now + (frame.isMultiple(of: 2) ? 20 : 0)))
            let moment = try advance(&buffer, at: at(now), by: .milliseconds(16))
            // 0.32 ticks a frame, and corrections of at most 4% of the error.
            #expect(moment.tick > last, "time does not run backwards")
            #expect(moment.tick - last < 0.6)
            last = moment.tick
        }
    }

    @Test func movementGoesOnForAWhileWhenNothingComes() throws {
        var buffer = filled(0...10)
        var moment = try advance(&buffer, at: at(10_500), by: .zero)
        for frame in 1...50 {
            moment = try advance(&buffer, at: at(10_500 + Double(frame) * 20), by: .milliseconds(20))
        }
        // 100 ms are two ticks beyond the newest.
        #expect(abs(moment.tick - 12) < 1e-6)
        #expect(moment.fraction > 1)
        #expect(abs(position(moment) - 12) < 1e-6)
    }

    @Test func aLargeJumpIsTakenAtOnce() throws {
        var buffer = filled(0...10)
        _ = buffer.advance(at: at(10_500), elapsed: .zero)
        buffer.push(1000, tick: Tick(1000), at: at(60_000))
        let moment = try advance(&buffer, at: at(60_000), by: .milliseconds(16))
        #expect(moment.tick > 900)
    }

    @Test func olderStatesAreLeftOut() {
        var buffer = filled(0...10)
        for tick: UInt64 in [10, 3] {
            let isTaken = buffer.push(0, tick: Tick(tick), at: at(11_000))
            #expect(!isTaken)
        }
        #expect(buffer.latest?.tick == Tick(10))
    }

    @Test func atMost64StatesAreKept() throws {
        let buffer = filled(0...200)
        #expect(try #require(buffer.around(0)).beforeTick == Tick(137))
    }

    @Test func lateStatesMakeTheDelayLonger() {
        let even = filled(0...60)
        let uneven = filled(0...60) { $0.isMultiple(of: 2) ? 60 : 0 }
        #expect(uneven.delay > even.delay + .milliseconds(40))
        #expect(uneven.delay <= .milliseconds(500))
    }

    @Test func aFixedDelayStays() {
        var settings = SnapshotBuffer<Double>.Settings()
        settings.fixedDelay = .milliseconds(120)
        #expect(SnapshotBuffer<Double>(settings: settings).delay == .milliseconds(120))
    }

    @Test func oneStateIsShownAsItIs() throws {
        let moment = try #require(filled(5...5).around(5.5))
        #expect((moment.before, moment.after, moment.fraction) == (5, 5, 0))
    }

    @Test func resettingForgetsStatesAndKeepsSettings() {
        var buffer = filled(0...10)
        buffer.settings.tickInterval = .milliseconds(20)
        buffer.reset()
        #expect(buffer.latest == nil)
        #expect(buffer.settings.tickInterval == .milliseconds(20))
    }

    @Test func anglesGoTheShortWayRound() {
        #expect(abs(mixAngle(0.1, 2 * .pi - 0.1, 0.5) - 0) < 1e-9)
        #expect(abs(mixAngle(350, 10, 0.5, turn: 360) - 360) < 1e-9)
        #expect(mix(2, 4, 0.25) == 2.5)
    }
}
