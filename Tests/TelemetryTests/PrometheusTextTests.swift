import PylonBytes
import PylonTelemetry
import Testing

@Suite struct PrometheusTextTests {
    private func text(_ register: (MetricsRegistry) -> Void) -> String {
        let registry = MetricsRegistry()
        register(registry)
        var buffer = ByteBuffer()
        PrometheusText.write(registry, into: &buffer)
        return String(decoding: buffer.copyBytes(), as: UTF8.self)
    }

    @Test func everyKindOfMetricIsWrittenInOrderOfRegistration() {
        let counter = Counter()
        counter.add(3)
        let gauge = Gauge()
        gauge.add(-2)
        let written = text { registry in
            registry.register("pylon_frames_total", help: "Frames built.", counter)
            registry.register("pylon_open", help: "Open connections.", gauge)
            registry.register("pylon_load", help: "Load.", .gauge { 0.25 })
            registry.register(
                "pylon_shard_tick", help: "Tick of a shard.", .labelled(label: "shard") { [("a", 1), ("b", 2.5)] })
        }
        #expect(
            written == """
                # HELP pylon_frames_total Frames built.
                # TYPE pylon_frames_total counter
                pylon_frames_total 3
                # HELP pylon_open Open connections.
                # TYPE pylon_open gauge
                pylon_open -2
                # HELP pylon_load Load.
                # TYPE pylon_load gauge
                pylon_load 0.25
                # HELP pylon_shard_tick Tick of a shard.
                # TYPE pylon_shard_tick gauge
                pylon_shard_tick{shard="a"} 1
                pylon_shard_tick{shard="b"} 2.5

                """)
    }

    @Test func aHistogramHasCumulativeBucketsASumAndACount() {
        let histogram = DurationHistogram()
        histogram.record(.microseconds(100))
        histogram.record(.seconds(1))
        let lines = text { $0.register("pylon_late_seconds", help: "Lateness.", .histogram(histogram)) }
            .split(separator: "\n")
        #expect(lines.count == 2 + DurationHistogram.standardBoundsMicroseconds.count + 3)
        #expect(lines[1] == "# TYPE pylon_late_seconds histogram")
        #expect(lines[2] == "pylon_late_seconds_bucket{le=\"5e-05\"} 0")
        #expect(lines[3] == "pylon_late_seconds_bucket{le=\"0.0001\"} 1")
        #expect(lines[13] == "pylon_late_seconds_bucket{le=\"0.25\"} 1")
        #expect(lines[14] == "pylon_late_seconds_bucket{le=\"+Inf\"} 2")
        #expect(lines[15] == "pylon_late_seconds_sum 1.0001")
        #expect(lines[16] == "pylon_late_seconds_count 2")
    }

    @Test func labelValuesAreEscaped() {
        let written = text {
            $0.register("m", help: "h", .labelled(label: "l") { [("a\"b\\c\nd é", 0)] })
        }
        #expect(written.hasSuffix("m{l=\"a\\\"b\\\\c\\nd é\"} 0\n"))
    }

    @Test(arguments: [
        (0, "0"), (-1, "-1"), (1e16, "1e+16"), (0.5, "0.5"), (.infinity, "inf"),
        (999_999_999_999_999, "999999999999999"),
    ])
    func wholeNumbersHaveNoFraction(value: Double, text: String) {
        #expect(PrometheusText.number(value) == text)
    }
}
