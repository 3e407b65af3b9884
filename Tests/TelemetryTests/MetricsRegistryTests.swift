import PylonTelemetry
import Testing

@Suite struct MetricsRegistryTests {
    @Test func metricsAreReadWhenAskedFor() throws {
        let registry = MetricsRegistry()
        let counter = Counter()
        registry.register("pylon_things_total", help: "Things.", counter)
        counter.add(2)
        let metric = try #require(registry.all.first)
        guard case .counter(let read) = metric.reading else {
            Issue.record("not a counter")
            return
        }
        #expect(read() == 2)
        counter.add()
        #expect(read() == 3)
    }

    @Test func aNameRegisteredTwiceTraps() async {
        await #expect(processExitsWith: .failure) {
            let registry = MetricsRegistry()
            registry.register("pylon_twice", help: "Once.", Gauge())
            registry.register("pylon_twice", help: "Twice.", Gauge())
        }
    }
}
