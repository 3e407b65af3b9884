import PylonTime
import Testing

@Suite struct SeededGeneratorTests {
    @Test func theNumbersAreThoseOfSplitMix64() {
        var zero = SeededGenerator(seed: 0)
        #expect(
            (0..<3).map { _ in zero.next() } == [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F])
        var other = SeededGenerator(seed: 1_234_567)
        #expect(
            (0..<5).map { _ in other.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test func theUnitIntervalExcludesOne() {
        var generator = SeededGenerator(seed: 7)
        let numbers = (0..<10_000).map { _ in generator.unitInterval() }
        #expect(numbers.allSatisfy { $0 >= 0 && $0 < 1 })
        #expect(abs(numbers.reduce(0, +) / 10_000 - 0.5) < 0.02)
    }

    @Test func equalSeedsStayEqualAndDifferentOnesDiffer() {
        var left = SeededGenerator(seed: 3)
        var right = SeededGenerator(seed: 3)
        var other = SeededGenerator(seed: 4)
        for _ in 0..<100 {
            let number = left.next()
            #expect(number == right.next())
            #expect(number != other.next())
        }
        #expect(left == right)
    }
}
