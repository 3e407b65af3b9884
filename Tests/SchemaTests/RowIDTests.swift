import PylonSchema
import PylonTime
import Testing

@Suite struct RowIDTests {
    @Test func anIDIsNanosecondsAndACounter() {
        let ids = RowIDGenerator(clock: ManualClock(epochMicroseconds: 1_700_000_000_000_000))
        #expect(ids.next().text == "0000000000000000" + "17979cfe362a0000" + "00000000")
        #expect(ids.next().text == "0000000000000000" + "17979cfe362a0000" + "00000001")
    }

    @Test func idsGrowWhileTheClockStandsOrStepsBack() {
        let ids = RowIDGenerator(clock: BackwardClock())
        var last = ids.next()
        for _ in 0..<1000 {
            let id = ids.next()
            #expect(id > last && id.text > last.text)
            last = id
        }
    }

    @Test(arguments: [
        "", "0", String(repeating: "0", count: 39), String(repeating: "0", count: 41),
        String(repeating: "A", count: 40), String(repeating: "g", count: 40), String(repeating: "é", count: 20),
    ])
    func otherTextsAreNoIDs(text: String) {
        #expect(RowID(text) == nil)
    }

    @Test func fortyDigitsAreAnID() {
        let text = "0123456789abcdef0123456789abcdef01234567"
        #expect(RowID(text)?.text == text)
    }
}

/// A calendar that goes back by a microsecond with every look.
private final class BackwardClock: Clock {
    private let inner = ManualClock()

    func now() -> Instant { inner.now() }

    func microsecondsSinceEpoch() -> UInt64 {
        inner.advance(by: .microseconds(1))
        return 1_800_000_000_000_000 - (inner.now().nanoseconds / 1000)
    }
}
