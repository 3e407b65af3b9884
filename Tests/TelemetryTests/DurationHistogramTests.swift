import PylonTelemetry
import Testing

@Suite struct DurationHistogramTests {
    @Test(arguments: DurationHistogram.standardBoundsMicroseconds.indices)
    func aBoundBelongsToItsBucketAndOneNanosecondMoreToTheNext(index: Int) {
        let histogram = DurationHistogram()
        let bound = Int64(DurationHistogram.standardBoundsMicroseconds[index])
        histogram.record(.microseconds(bound))
        histogram.record(.microseconds(bound) + .nanoseconds(1))
        let counts = histogram.cumulativeCounts
        #expect(counts[..<index].allSatisfy { $0 == 0 })
        #expect(counts[index] == 1)
        #expect(counts[(index + 1)...].allSatisfy { $0 == 2 })
    }

    @Test func zeroAndNegativeFallIntoTheFirstAndHugeIntoTheLast() {
        let histogram = DurationHistogram()
        histogram.record(.zero)
        histogram.record(.seconds(-1))
        histogram.record(.seconds(1000))
        let counts = histogram.cumulativeCounts
        #expect(counts.count == DurationHistogram.standardBoundsMicroseconds.count + 1)
        #expect(counts.dropLast().allSatisfy { $0 == 2 })
        #expect(counts.last == 3)
        #expect(abs(histogram.sumSeconds - 1000) < 1e-6)
    }
}
