import PylonBenchKit
import Testing

@Suite struct LatencyHistogramTests {
    @Test func anEmptyHistogramAnswersZero() {
        let histogram = LatencyHistogram()
        #expect(histogram.quantile(0.5) == 0 && histogram.maximum == 0 && histogram.total == 0)
    }

    @Test func smallValuesAreExact() {
        var histogram = LatencyHistogram()
        for value in 1...200 { histogram.record(UInt64(value)) }
        #expect(histogram.quantile(0) == 1)
        #expect(histogram.quantile(0.5) == 100)
        #expect(histogram.quantile(0.99) == 198)
        #expect(histogram.quantile(1) == 200)
    }

    @Test(arguments: [255, 256, 257, 511, 512, 1000, 4095, 65_537, 1_234_567, 987_654_321, (1 << 36) - 1] as [UInt64])
    func anyValueIsRightWithinOneHundredth(value: UInt64) {
        var histogram = LatencyHistogram()
        histogram.record(value)
        histogram.record(.max)
        let answer = histogram.quantile(0.5)
        let error = Double(max(answer, value) - min(answer, value)) / Double(value)
        #expect(error < 0.01)
        #expect(histogram.maximum == .max)
    }

    @Test func theLargestQuantileIsTheMaximumItself() {
        var histogram = LatencyHistogram()
        for value in [10, 20, 1_234_567] as [UInt64] { histogram.record(value) }
        #expect(histogram.quantile(1) == 1_234_567)
        #expect(histogram.quantile(0.999) == 1_234_567)
    }

    @Test func quantilesOfAWideSpreadFollowTheRanks() {
        var histogram = LatencyHistogram()
        for value in stride(from: 100, through: 10_000_000, by: 100) { histogram.record(UInt64(value)) }
        for share in [0.01, 0.25, 0.5, 0.9, 0.99, 0.999] {
            let exact = share * 10_000_000
            #expect(abs(Double(histogram.quantile(share)) - exact) / exact < 0.01)
        }
    }

    @Test func removingAllForgetsEverything() {
        var histogram = LatencyHistogram()
        histogram.record(5000)
        histogram.removeAll()
        #expect(histogram.total == 0 && histogram.maximum == 0 && histogram.quantile(0.9) == 0)
        histogram.record(7)
        #expect(histogram.quantile(0.9) == 7)
    }
}
