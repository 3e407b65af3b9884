/// Base64 text (RFC 4648 §4 and §5), strict in both directions: one spelling for each sequence of bytes.
package enum Base64 {
    /// An alphabet and its rule for padding.
    package enum Variant: Sendable {
        /// `+` and `/`, padded with `=` to a multiple of four characters.
        case standard
        /// `-` and `_`, without padding, as in JSON Web Tokens (RFC 7515 §2).
        case urlSafe
        /// `-` and `_`, padded with `=`.
        case urlSafePadded

        /// The characters of values 62 and 63.
        var specials: (UInt8, UInt8) {
            switch self {
            case .standard: (UInt8(ascii: "+"), UInt8(ascii: "/"))
            case .urlSafe, .urlSafePadded: (UInt8(ascii: "-"), UInt8(ascii: "_"))
            }
        }

        var isPadded: Bool { self != .urlSafe }
    }

    /// The text for `bytes`.
    package static func encode(_ bytes: Span<UInt8>, as variant: Variant = .standard) -> String {
        let length = encodedLength(bytes.count, as: variant)
        return String(unsafeUninitializedCapacity: length) { text in
            encode(bytes, as: variant, into: UnsafeMutableRawBufferPointer(text))
        }
    }

    /// The text for `bytes`.
    package static func encode(_ bytes: [UInt8], as variant: Variant = .standard) -> String {
        encode(bytes.span, as: variant)
    }

    /// Appends the text for `bytes` to a buffer.
    package static func encode(_ bytes: Span<UInt8>, as variant: Variant = .standard, into buffer: inout ByteBuffer) {
        if bytes.isEmpty { return }
        buffer.withSpareCapacity(encodedLength(bytes.count, as: variant)) { encode(bytes, as: variant, into: $0) }
    }

    /// How many characters `count` bytes take.
    package static func encodedLength(_ count: Int, as variant: Variant = .standard) -> Int {
        variant.isPadded ? (count + 2) / 3 * 4 : (count * 4 + 2) / 3
    }

    /// The bytes that `text` spells. Nil for a character outside the alphabet, padding that is missing, misplaced or
    /// not allowed, an impossible length, or unused bits that are not zero (RFC 4648 §3.5).
    package static func decode(_ text: Span<UInt8>, as variant: Variant = .standard) -> [UInt8]? {
        var end = text.count
        if variant.isPadded {
            guard end.isMultiple(of: 4) else { return nil }
            var padding = 0
            while padding < 2, end > 0, text[end - 1] == UInt8(ascii: "=") {
                padding += 1
                end -= 1
            }
        }
        guard end % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(end * 3 / 4)
        var bits: UInt32 = 0
        var held = 0
        for index in 0..<end {
            guard let value = value(text[index], as: variant) else { return nil }
            bits = bits << 6 | UInt32(value)
            held += 6
            if held >= 8 {
                held -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
            }
        }
        guard bits & (1 << UInt32(held) - 1) == 0 else { return nil }
        return bytes
    }

    /// The bytes that `text` spells, or nil; see ``decode(_:as:)-(Span<UInt8>,_)``.
    package static func decode(_ text: some StringProtocol, as variant: Variant = .standard) -> [UInt8]? {
        decode(Array(text.utf8).span, as: variant)
    }

    private static func encode(
        _ bytes: Span<UInt8>, as variant: Variant, into text: UnsafeMutableRawBufferPointer
    ) -> Int {
        var written = 0
        var index = 0
        while index < bytes.count {
            let taken = min(3, bytes.count - index)
            var bits = UInt32(bytes[index]) << 16
            if taken > 1 { bits |= UInt32(bytes[index + 1]) << 8 }
            if taken > 2 { bits |= UInt32(bytes[index + 2]) }
            for place in 0...taken {
                text[written] = digit(UInt8(truncatingIfNeeded: bits >> UInt32(18 - 6 * place)) & 0x3F, as: variant)
                written += 1
            }
            index += taken
        }
        while variant.isPadded, !written.isMultiple(of: 4) {
            text[written] = UInt8(ascii: "=")
            written += 1
        }
        return written
    }

    private static func digit(_ value: UInt8, as variant: Variant) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + value - 26
        case 52..<62: UInt8(ascii: "0") + value - 52
        case 62: variant.specials.0
        default: variant.specials.1
        }
    }

    private static func value(_ digit: UInt8, as variant: Variant) -> UInt8? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
        case variant.specials.0: 62
        case variant.specials.1: 63
        default: nil
        }
    }
}
