import PylonTestSupport
import Testing

@testable import PylonReplication

struct FieldKindTests {
    @Test(arguments: 1...32)
    func aFloatIsOffByAtMostHalfAPlace(bits: Int) {
        var random = SeededBits(seed: testSeed())
        let (min, max) = (-12.5, 300.25)
        let kind = FieldKind.float(min: min, max: max, bits: bits)
        let half = (max - min) / Double(kind.wordMaximum) / 2
        var faults: [Double] = []
        for _ in 0..<500 {
            let value = min + (max - min) * Double(random.next() >> 11) * 0x1p-53
            let back = kind.value(of: kind.word(for: .number(value))).number
            // What has been quantised once stays as it is.
            let isStable = kind.word(for: .number(back)) == kind.word(for: .number(value))
            if abs(back - value) > half * 1.000001 + 1e-12 || !isStable { faults.append(value) }
        }
        #expect(faults.isEmpty)
    }

    @Test func theEndsOfAFloatAreExactAndNothingLiesBeyond() {
        let kind = FieldKind.float(min: -1, max: 3, bits: 7)
        for (given, kept) in [
            (-1.0, -1.0), (3, 3), (-1.5, -1), (3.5, 3), (.infinity, 3), (-.infinity, -1), (.nan, -1),
            (.greatestFiniteMagnitude, 3),
        ] {
            #expect(kind.value(of: kind.word(for: .number(given))) == .number(kept))
        }
    }

    @Test(arguments: 1...32)
    func unsignedNumbersAreClamped(bits: Int) {
        let kind = FieldKind.unsigned(bits: bits)
        let most = Int64(1) << Int64(bits) - 1
        for (given, kept) in [(0, 0), (-1, 0), (most, most), (most + 1, most), (.max, most), (.min, 0)]
            as [(Int64, Int64)]
        {
            #expect(kind.value(of: kind.word(for: .integer(given))) == .integer(kept))
        }
    }

    @Test(arguments: 2...32)
    func signedNumbersAreClamped(bits: Int) {
        let kind = FieldKind.signed(bits: bits)
        let most = Int64(1) << Int64(bits - 1) - 1
        let least = -most - 1
        for (given, kept) in [
            (0, 0), (-1, -1), (most, most), (most + 1, most), (least, least), (least - 1, least), (.max, most),
            (.min, least),
        ] as [(Int64, Int64)] {
            #expect(kind.value(of: kind.word(for: .integer(given))) == .integer(kept))
        }
    }

    @Test func valuesOfAnotherKindAreConverted() {
        #expect(FieldKind.bool.word(for: .integer(7)) == 1)
        #expect(FieldKind.bool.word(for: .number(0)) == 0)
        #expect(FieldKind.unsigned(bits: 8).word(for: .number(12.9)) == 12)
        #expect(FieldKind.unsigned(bits: 8).word(for: .number(.nan)) == 0)
        #expect(FieldKind.unsigned(bits: 8).word(for: .number(1e30)) == 255)
        #expect(
            FieldKind.signed(bits: 8).value(of: FieldKind.signed(bits: 8).word(for: .number(-1e30))) == .integer(-128))
        #expect(FieldKind.unsigned(bits: 8).word(for: .bool(true)) == 1)
    }
}
