import PylonTelemetry
import PylonThreading
import Testing

@Suite struct CounterTests {
    @Test func additionsOfSeveralThreadsAllCount() {
        let counter = Counter()
        let gauge = Gauge()
        let threads = (0..<4).map { index in
            Thread.spawn(name: "counter") {
                for _ in 0..<20_000 {
                    counter.add()
                    gauge.add(index.isMultiple(of: 2) ? 2 : -1)
                }
            }
        }
        threads.forEach { $0.join() }
        #expect(counter.value == 80_000)
        #expect(gauge.value == 40_000)
    }

    @Test func aGaugeGoesBelowZeroAndACounterAddsMany() {
        let gauge = Gauge()
        gauge.add(-3)
        #expect(gauge.value == -3)
        let counter = Counter()
        counter.add(5)
        counter.add(0)
        #expect(counter.value == 5)
    }
}
