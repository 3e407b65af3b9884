import PylonBenchKit
import Testing

@Suite struct HistogramReadingTests {
    private let bounds = [0.001, 0.002, 0.004, .infinity]

    private func reading(_ counts: [UInt64]) -> HistogramReading {
        HistogramReading(bounds: bounds, cumulativeCounts: counts)
    }

    @Test func theDifferenceHoldsWhatCameBetween() {
        let difference = reading([10, 30, 40, 41]).since(reading([10, 20, 20, 20]))
        #expect(difference.cumulativeCounts == [0, 10, 20, 21])
        #expect(difference.total == 21)
    }

    @Test func quantilesLieEvenlyInTheirBucket() {
        let histogram = reading([0, 100, 200, 200])
        #expect(abs(histogram.quantile(0.25) - 0.0015) < 1e-9)
        #expect(abs(histogram.quantile(0.5) - 0.002) < 1e-9)
        #expect(abs(histogram.quantile(0.75) - 0.003) < 1e-9)
        #expect(abs(histogram.quantile(1) - 0.004) < 1e-9)
    }

    @Test func whatLiesBeyondTheLastBoundCountsAsIt() {
        let histogram = reading([0, 0, 1, 2])
        #expect(histogram.quantile(1) == 0.004)
        #expect(histogram.maximumBound == .infinity)
    }

    @Test func theShareWithinABoundIsExact() {
        let histogram = reading([50, 99, 100, 100])
        #expect(histogram.share(within: 0.002) == 0.99)
        #expect(histogram.share(within: 0.003) == 0.99)
        #expect(histogram.share(within: 0.0005) == 0)
        #expect(histogram.maximumBound == 0.004)
    }

    @Test func withoutValuesNothingIsLate() {
        let histogram = reading([0, 0, 0, 0])
        #expect(histogram.quantile(0.99) == 0 && histogram.maximumBound == 0 && histogram.share(within: 0) == 1)
    }
}
