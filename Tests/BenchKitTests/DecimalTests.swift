import PylonBenchKit
import Testing

@Suite struct DecimalTests {
    @Test(
        arguments: [
            (1.005, 2, "1.00"), (0.95, 1, "0.9"), (12.0, 0, "12"), (-0.001, 2, "0.00"), (-1.5, 1, "-1.5"),
            (3.14159, 3, "3.142"),
            (0.05, 2, "0.05"), (.nan, 2, "-"), (.infinity, 2, "-"),
        ] as [(Double, Int, String)])
    func numbersAreWrittenWithAFixedNumberOfPlaces(value: Double, places: Int, text: String) {
        // 0.95 is a little less than it looks; either neighbour is a fair rounding.
        let answer = Decimal.text(value, places: places)
        #expect(answer == text || (value == 0.95 && answer == "1.0") || (value == 1.005 && answer == "1.01"))
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "-1,000")])
    func longNumbersAreGrouped(value: Int, text: String) {
        #expect(Decimal.grouped(value) == text)
    }

    @Test(
        arguments: [
            ("123abc", 123), ("0", 0), ("", nil), ("x1", nil), ("18446744073709551615", .max),
            ("18446744073709551616", nil),
        ] as [(String, UInt64?)])
    func leadingDigitsAreRead(text: String, value: UInt64?) {
        #expect(Array(text.utf8).withUnsafeBytes { Decimal.leading($0) } == value)
    }

    @Test func mediansOfOddEvenAndNoValues() {
        #expect([3.0, 1, 2].median == 2)
        #expect([4.0, 1, 2, 3].median == 2.5)
        #expect([Double]().median == 0)
    }
}

@Suite struct SnapshotTimestampTests {
    @Test(
        arguments: [
            ("{\"ts\":1700000000000000,\"tick\":4}", 1_700_000_000_000_000),
            ("{\"tick\":4,\"pad\":\"xx\",\"ts\":17}", 17),
            ("{\"tsx\":1}", nil), ("{\"ts\":\"1\"}", nil), ("{}", nil), ("", nil), ("{\"ts\":", nil),
        ] as [(String, UInt64?)])
    func theMemberIsFoundWhereverItStands(json: String, value: UInt64?) {
        #expect(Array(json.utf8).withUnsafeBytes { SnapshotTimestamp.microseconds(in: $0) } == value)
    }
}

@Suite struct DeliveryTests {
    @Test func everyTickOnceAndInOrderIsComplete() {
        var delivery = Delivery()
        for tick in 5...9 { delivery.record(tick: UInt64(tick)) }
        #expect(delivery.isComplete(from: 5, through: 9) && delivery.frames == 5)
        #expect(!delivery.isComplete(from: 4, through: 9) && !delivery.isComplete(from: 5, through: 10))
    }

    @Test(arguments: [[1, 2, 4], [1, 1, 2], [2, 1, 3]] as [[UInt64]]) func gapsAndRepeatsAreNot(ticks: [UInt64]) {
        var delivery = Delivery()
        for tick in ticks { delivery.record(tick: tick) }
        #expect(!delivery.isComplete(from: ticks[0], through: ticks[2]))
    }

    @Test func aClientThatGotNothingIsNotComplete() {
        #expect(!Delivery().isComplete(from: 0, through: 0))
    }
}
