import PylonBenchKit
import Testing

@Suite struct MetricsPageTests {
    private let page = MetricsPage(
        """
        # HELP pylon_late_seconds Lateness.
        # TYPE pylon_late_seconds histogram
        pylon_late_seconds_bucket{le="5e-05"} 3
        pylon_late_seconds_bucket{le="0.001"} 5
        pylon_late_seconds_bucket{le="+Inf"} 6
        pylon_late_seconds_sum 1.0001
        pylon_late_seconds_count 6
        pylon_shard_subscribers{shard="a b"} 4
        pylon_heap_allocated_bytes 123456
        pylon_open -2
        nonsense
        """)

    @Test func gaugesAndCountersAreFoundByName() {
        #expect(page.value("pylon_heap_allocated_bytes") == 123_456)
        #expect(page.value("pylon_open") == -2)
        #expect(page.value("pylon_late_seconds_sum") == 1.0001)
        #expect(page.value("nonsense") == nil && page.value("pylon_shard_subscribers") == nil)
    }

    @Test func aHistogramHasItsBoundsAndCountsInOrder() throws {
        let histogram = try #require(page.histogram("pylon_late_seconds"))
        #expect(histogram.bounds == [0.000_05, 0.001, .infinity])
        #expect(histogram.cumulativeCounts == [3, 5, 6])
        #expect(histogram.total == 6)
        #expect(page.histogram("pylon_open") == nil)
    }

    @Test func anEmptyPageHasNothing() {
        let page = MetricsPage("")
        #expect(page.value("a") == nil && page.histogram("a") == nil)
    }
}
