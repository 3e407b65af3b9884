import PylonBenchKit
import Testing

@Suite struct FiguresTests {
    private func run(_ ratio: Double?, _ count: Int, _ flag: Bool) -> Figures {
        var figures = Figures()
        figures.add("mode", "ws")
        figures.add("count", count)
        figures.add("ratio", ratio)
        figures.add("every_tick", flag)
        figures.expect("ratio", .atMost(0.5))
        figures.expect("count", .atLeast(10))
        figures.expect("every_tick", .isTrue)
        return figures
    }

    @Test func mediansAreTakenFieldByField() {
        let median = Figures.median([run(0.3, 9, true), run(0.9, 30, true), run(0.4, 11, true)])
        #expect(median["mode"] == .text("ws"))
        #expect(median["count"] == .whole(11))
        #expect(median["ratio"] == .number(0.4, places: 3))
        #expect(median["every_tick"] == .flag(true))
        #expect(median.bars.map { median.isMet($0) } == [true, true, true])
    }

    @Test func aFlagHoldsOnlyWhenItHeldInEveryRun() {
        let median = Figures.median([run(0.3, 9, true), run(0.3, 9, false), run(0.3, 9, true)])
        #expect(median["every_tick"] == .flag(false))
        #expect(median.bars.map { median.isMet($0) } == [true, false, false])
    }

    @Test func whatWasNotMeasuredMeetsAndMissesNothing() {
        #expect(run(nil, 10, true).isMet(run(nil, 10, true).bars[0]) == nil)
        #expect(Figures.median([run(nil, 10, true), run(0.7, 10, true)])["ratio"] == .number(0.7, places: 3))
        #expect(Figures.median([run(nil, 10, true)])["ratio"] == .number(nil, places: 3))
    }

    @Test func aLimitItselfKeepsTheBar() {
        let figures = run(0.5, 10, true)
        #expect(figures.bars.allSatisfy { figures.isMet($0) == true })
        #expect(Figures.median([])["ratio"] == nil)
    }
}
