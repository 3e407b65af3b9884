import PylonTime
import Testing

@Suite struct TickTests {
    @Test func ticksCountUpInOrder() {
        #expect(Tick(1).next == Tick(2))
        #expect(Tick(1) < Tick(2))
        #expect("\(Tick(42))" == "42")
    }

    @Test(arguments: [0, 1, 20, 999, 1000]) func ratesWithinBoundsAreTaken(hertz: Int) {
        #expect(TickRate(hertz: hertz)?.hertz == hertz)
    }

    @Test(arguments: [-1, 1001, .min, .max]) func ratesOutOfBoundsAreRefused(hertz: Int) {
        #expect(TickRate(hertz: hertz) == nil)
    }

    @Test func theIntervalIsTheFlooredPartOfASecond() {
        #expect(TickRate.standard.interval == .milliseconds(50))
        #expect(TickRate(hertz: 60)?.interval == .nanoseconds(16_666_666))
        #expect(TickRate.eventDriven.interval == .zero)
        #expect(TickRate.eventDriven.isEventDriven)
        #expect(!TickRate.standard.isEventDriven)
    }
}
