import PylonJSON
import Testing

@Suite struct JSONNumberTests {
    /// Distinguishes cases and signs of zero, which equality does not.
    private func spelled(_ text: String) -> String {
        switch try? JSONParser.parse(text) {
        case .integer(let value): "integer \(value)"
        case .number(let value): "number \(value)"
        default: "refused"
        }
    }

    @Test(arguments: [
        ("0", "integer 0"), ("-1", "integer -1"), ("9223372036854775807", "integer 9223372036854775807"),
        ("-9223372036854775808", "integer -9223372036854775808"),
        ("9223372036854775808", "number 9.223372036854776e+18"),
        ("-9223372036854775809", "number -9.223372036854776e+18"), ("9999999999999999999", "number 1e+19"),
        ("18446744073709551615", "number 1.8446744073709552e+19"),
        ("18446744073709551616", "number 1.8446744073709552e+19"),
        ("100000000000000000000", "number 1e+20"), ("-0", "number -0.0"), ("-0.0", "number -0.0"),
        ("0.0", "number 0.0"),
        ("0e999999999999", "number 0.0"), ("1e-999999999999", "number 0.0"), ("-1e-400", "number -0.0"),
        ("1e999", "refused"), ("-1e999", "refused"), ("1e309", "refused"), ("1E400", "refused"),
        ("1.7976931348623157e308", "number 1.7976931348623157e+308"), ("1.7976931348623159e308", "refused"),
        ("5e-324", "number 5e-324"), ("2e-324", "number 0.0"),
        ("2.2250738585072014e-308", "number 2.2250738585072014e-308"),
        ("0.1", "number 0.1"), ("1.0", "number 1.0"), ("1E2", "number 100.0"), ("1e+2", "number 100.0"),
        ("0.30000000000000004", "number 0.30000000000000004"), ("9007199254740993.0", "number 9007199254740992.0"),
        ("18446744073709551616.5", "number 1.8446744073709552e+19"),
        ("0.000000000000000000000000000001", "number 1e-30"),
        ("9007199254740992", "integer 9007199254740992"), ("9007199254740993", "integer 9007199254740993"),
    ])
    func numbersAreExact(text: String, expected: String) {
        #expect(spelled(text) == expected)
        #expect(spelled(" \(text)\n") == expected)
    }

    /// Halfway cases, long mantissas and every exponent, against the standard library.
    @Test func hardNumbersAgreeWithTheStandardLibrary() throws {
        var texts = [
            "9007199254740992.999", "9007199254740993.00000000000000000000000000000000001",
            "1.00000000000000011102230246251565",
            "1.00000000000000011102230246251566", "2.2250738585072011e-308",
            "2.4703282292062327208299439634110764e-324",
            "2.4703282292062327208299439634110765e-324", "179769313486231580793728971405301e276",
            "123456789012345678901234567890.123456789", "7.2057594037927933e16", "1e23", "8.5e22", "0.00001e-5",
        ]
        for exponent in -330...308 {
            for mantissa in ["1", "9007199254740991", "9007199254740993", "1.2345678901234567890123456789", "0.00499"] {
                texts.append("\(mantissa)e\(exponent - (mantissa.utf8.count > 8 ? 16 : 0))")
            }
        }
        texts.append("0." + String(repeating: "0", count: 400) + "1e401")
        texts.append("1" + String(repeating: "0", count: 400) + "e-400")
        texts.append(String(repeating: "123456789", count: 2000) + "e-18000")
        texts.append("1." + String(repeating: "0", count: 5000) + "1")
        for text in texts {
            let expected = try #require(Double(text))
            let parsed = try #require(try JSONParser.parse(text).double, "\(text)")
            #expect(parsed.bitPattern == expected.bitPattern, "\(text)")
        }
    }

    @Test func randomDoublesComeBackBitForBit() throws {
        var generator = SplitMix(state: 42)
        var writer = JSONWriter()
        for _ in 0..<50_000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            #expect(try roundTrip(value, &writer) == value.bitPattern)
        }
        // Numbers as they occur: few digits around the decimal point.
        for _ in 0..<50_000 {
            let digits = Double(Int64(bitPattern: generator.next() >> (generator.next() % 60)))
            let value = digits / [1, 10, 100, 1000, 10_000, 100_000, 1e9][Int(generator.next() % 7)]
            #expect(try roundTrip(value, &writer) == value.bitPattern)
        }
    }

    private func roundTrip(_ value: Double, _ writer: inout JSONWriter) throws -> UInt64 {
        writer.reset()
        writer.value(value)
        let text = writer.text
        // Nothing shorter than the standard library's digits may be lost, nothing longer is wanted.
        #expect(significantDigits(text) <= significantDigits(value.description), "\(text) for \(value)")
        return try #require(try JSONParser.parse(text).double).bitPattern
    }

    private func significantDigits(_ text: String) -> Int {
        let mantissa = text.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }
        guard let last = mantissa.lastIndex(where: { $0 != "0" }) else { return 0 }
        return mantissa[...last].count
    }

    @Test func randomIntegersComeBack() throws {
        var generator = SplitMix(state: 7)
        for _ in 0..<20_000 {
            let value = Int64(bitPattern: generator.next()) >> Int64(generator.next() % 64)
            guard case .integer(value) = try JSONParser.parse(String(value)) else {
                Issue.record("\(value) was not read as an integer")
                continue
            }
            #expect(JSONValue.integer(value).text == String(value))
        }
    }
}

/// A small generator with a seed (SplitMix64), so that a failure repeats.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
