import Testing

@testable import PylonBytes

@Suite struct UTF8ValidatorTests {
    /// What the standard library says.
    private func oracle(_ bytes: [UInt8]) -> Bool { String(validating: bytes, as: UTF8.self) != nil }

    private func isValid(_ bytes: [UInt8]) -> Bool { UTF8Validator.isValid(bytes.span) }

    @Test func everySequenceOfOneAndTwoBytesIsJudgedLikeTheStandardLibrary() {
        var wrong = 0
        for first in UInt8.min...UInt8.max {
            if UTF8Validator.isValid([first].span) != oracle([first]) { wrong += 1 }
            for second in UInt8.min...UInt8.max
            where UTF8Validator.isValid([first, second].span) != oracle([first, second]) {
                wrong += 1
            }
        }
        #expect(wrong == 0)
    }

    /// Every byte at which a rule of RFC 3629 changes, and its neighbours.
    private static let edges: [UInt8] = [
        0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
        0xEF,
        0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFE, 0xFF,
    ]

    @Test func sequencesOfThreeAndFourEdgeBytesAreJudgedLikeTheStandardLibrary() {
        var wrong = 0
        for first in Self.edges where first >= 0x7F {
            for second in Self.edges {
                for third in Self.edges {
                    if UTF8Validator.isValid([first, second, third].span) != oracle([first, second, third]) {
                        wrong += 1
                    }
                    for fourth in Self.edges {
                        let bytes = [first, second, third, fourth]
                        if UTF8Validator.isValid(bytes.span) != oracle(bytes) { wrong += 1 }
                    }
                }
            }
        }
        #expect(wrong == 0)
    }

    @Test func everyScalarIsAccepted() {
        var wrong = 0
        for value in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let encoded = [UInt8](UTF8.encode(scalar)!)
            if !UTF8Validator.isValid(encoded.span) { wrong += 1 }
        }
        #expect(wrong == 0)
    }

    private static let samples: [[UInt8]] = [
        [], Array("plain ASCII that is longer than eight bytes".utf8), Array("é, 漢字, 😀 and some more ASCII".utf8),
        Array("12345678😀12345678".utf8), [0x61, 0xE2, 0x82], [0x61, 0xF0, 0x9F, 0x98], [0xED, 0xA0, 0x80],
        [0xC0, 0xAF], [0xF4, 0x90, 0x80, 0x80], [0xE0, 0x80, 0x80], Array("12345678".utf8) + [0x80] + Array("abc".utf8),
        [0xE2, 0x28, 0xA1], [0x80], [0xF8, 0x88, 0x80, 0x80, 0x80],
    ]

    @Test(arguments: samples)
    func twoSplitsAnywhereChangeNothing(bytes: [UInt8]) {
        let whole = oracle(bytes)
        #expect(isValid(bytes) == whole)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                var validator = UTF8Validator()
                var accepted = true
                for piece in [bytes[..<first], bytes[first..<second], bytes[second...]] {
                    accepted = validator.feed(Array(piece).span) && accepted
                }
                #expect((accepted && validator.isComplete) == whole)
            }
        }
    }

    @Test(arguments: [
        ([0xC0] as [UInt8], 1), ([0xE0, 0x9F], 2), ([0xED, 0xA0], 2), ([0xF0, 0x8F], 2), ([0xF4, 0x90], 2), ([0xF5], 1),
        ([0xE2, 0x82, 0x41], 3), ([0xF1, 0x80, 0x80, 0xC0], 4), ([0x41, 0x80], 2),
    ])
    func failsAtTheFirstHopelessByte(bytes: [UInt8], length: Int) {
        var validator = UTF8Validator()
        for (index, byte) in bytes.enumerated() {
            let accepted = validator.feed([byte].span)
            #expect(accepted == (index + 1 < length))
        }
        #expect(!validator.isComplete)
        let recovered = validator.feed([0x41].span)
        #expect(!recovered)
    }

    @Test func anUnfinishedCharacterIsNotComplete() {
        var validator = UTF8Validator()
        #expect(validator.isComplete)
        let first = validator.feed([0xF0, 0x9F].span)
        #expect(first)
        #expect(!validator.isComplete)
        let second = validator.feed([0x98, 0x80].span)
        #expect(second)
        #expect(validator.isComplete)
    }
}
