internal import PylonClient
internal import PylonTime
internal import Testing

@Suite struct PredictorTests {
    private var predictor = Predictor<Double, Double> { $0 + $1 }

    @Test mutating func nothingIsShownBeforeTheFirstState() {
        predictor.predict(1, sequence: 1)
        #expect(predictor.state == nil)
        #expect(predictor.shown == nil)
        // What was sent before counts from the first state on.
        predictor.reconcile(10, acknowledged: 0)
        #expect(predictor.shown == 11)
    }

    @Test mutating func anInputAnswersAtOnce() {
        predictor.reconcile(0, acknowledged: 0)
        #expect(predictor.predict(2, sequence: 1) == 2)
        #expect(predictor.shown == 2)
    }

    @Test mutating func whatTheServerHasIsNotAppliedAgain() {
        predictor.reconcile(0, acknowledged: 0)
        for sequence in 1...5 { predictor.predict(1, sequence: UInt64(sequence)) }
        predictor.reconcile(3, acknowledged: 3)
        #expect(predictor.state == 5)
        #expect(predictor.correction == 0)
        #expect(predictor.pendingCount == 2)
        #expect(predictor.shown == 5)
    }

    @Test mutating func aCorrectionIsWornAwayWithoutAJerk() throws {
        predictor.reconcile(0, acknowledged: 0)
        predictor.predict(10, sequence: 1)
        // The server ran into a wall at 4.
        predictor.reconcile(4, acknowledged: 1)
        #expect(predictor.correction == 6)
        #expect(predictor.state == 4)
        var last = try #require(predictor.shown)
        #expect(last == 10)
        for _ in 0..<10 {
            predictor.advance(by: .milliseconds(10))
            let shown = try #require(predictor.shown)
            #expect(shown < last)
            last = shown
        }
        // 5% are left after 100 ms.
        #expect(abs(last - 4.3) < 1e-6)
        for _ in 0..<100 { predictor.advance(by: .milliseconds(10)) }
        #expect(predictor.shown == 4)
    }

    @Test mutating func beyondTheSnapDistanceItJumps() {
        predictor.snapDistance = 5
        predictor.reconcile(0, acknowledged: 0)
        predictor.reconcile(100, acknowledged: 0)
        #expect(predictor.shown == 100)
        #expect(predictor.correction == 100)
    }

    @Test mutating func aRefusedInputIsForgotten() {
        predictor.reconcile(0, acknowledged: 0)
        predictor.predict(1, sequence: 1)
        predictor.predict(100, sequence: 2)
        predictor.predict(1, sequence: 3)
        predictor.refuse(2)
        predictor.reconcile(0, acknowledged: 0)
        #expect(predictor.state == 2)
    }

    @Test mutating func atMost600InputsArePending() {
        for sequence in 1...1000 { predictor.predict(1, sequence: UInt64(sequence)) }
        #expect(predictor.pendingCount == 600)
        predictor.reconcile(0, acknowledged: 0)
        #expect(predictor.state == 600)
    }

    @Test mutating func smoothingOfNothingIsNone() {
        predictor.smoothing = .zero
        predictor.reconcile(0, acknowledged: 0)
        predictor.reconcile(1, acknowledged: 0)
        predictor.advance(by: .milliseconds(1))
        #expect(predictor.shown == 1)
    }

    @Test mutating func resettingForgets() {
        predictor.reconcile(0, acknowledged: 0)
        predictor.predict(1, sequence: 1)
        predictor.reset()
        #expect(predictor.state == nil)
        #expect(predictor.pendingCount == 0)
    }

    /// With the server's arithmetic the prediction is right whatever the delay, and nothing rubber-bands.
    @Test(arguments: [0, 1, 3, 9]) mutating func aRightPredictionIsNeverCorrected(delay: Int) {
        var generator = SeededGenerator(seed: 3)
        var server = 0.0
        var history: [(state: Double, acknowledged: UInt64)] = []
        predictor.reconcile(0, acknowledged: 0)
        for sequence in 1...200 {
            let input = Double(Int.random(in: -3...3, using: &generator))
            predictor.predict(input, sequence: UInt64(sequence))
            server += input
            history.append((server, UInt64(sequence)))
            guard sequence > delay else { continue }
            let (state, acknowledged) = history[sequence - 1 - delay]
            predictor.reconcile(state, acknowledged: acknowledged)
            #expect(predictor.correction == 0)
            #expect(predictor.shown == server)
        }
    }
}
