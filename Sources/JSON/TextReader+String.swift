internal import PylonBytes

extension TextReader {
    /// Reads the string whose opening quote stands at `position`.
    @inline(__always)
    mutating func string() throws(JSONParseError) -> String {
        position += 1
        let start = position
        let isASCII = skipPlain()
        guard position < end, byte(position) == UInt8(ascii: "\"") else { return try escapedString(start) }
        let bytes = UnsafeRawBufferPointer(start: base + start, count: position - start)
        position += 1
        guard isASCII else { return try text(of: bytes, start) }
        return String(copying: UTF8Span(unchecked: bytes.assumingMemoryBound(to: UInt8.self).span, isKnownASCII: true))
    }

    /// Moves to the next quote, backslash or control character, or to the end; says whether all before it was ASCII.
    @inline(__always)
    private mutating func skipPlain() -> Bool {
        var seen: UInt64 = 0
        while end - position >= 8 {
            let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let special = SWAR.special(word)
            if special != 0 {
                position += special.trailingZeroBitCount / 8
                seen |= word & ((special & (0 &- special)) &- 1)
                return seen & SWAR.highs == 0
            }
            seen |= word
            position += 8
        }
        while position < end {
            let byte = byte(position)
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            seen |= UInt64(byte)
            position += 1
        }
        return seen & SWAR.highs == 0
    }

    /// Reads on from the first special byte of a string that is not its closing quote.
    @inline(never)
    private mutating func escapedString(_ start: Int) throws(JSONParseError) -> String {
        unescaped.removeAll()
        var runStart = start
        while true {
            guard position < end else { throw unexpected() }
            unescaped.append(UnsafeRawBufferPointer(start: base + runStart, count: position - runStart))
            switch byte(position) {
            case UInt8(ascii: "\""):
                position += 1
                return try unescapedText(start)
            case UInt8(ascii: "\\"): try escape()
            default: throw JSONParseError(.controlCharacter, at: position)
            }
            runStart = position
            _ = skipPlain()
        }
    }

    private func unescapedText(_ start: Int) throws(JSONParseError) -> String {
        try unescaped.withUnsafeBytes { (bytes) throws(JSONParseError) in try text(of: bytes, start) }
    }

    /// A string of bytes that are checked to be UTF-8; `start` is where they begin in the text, for the error.
    @inline(__always)
    private func text(of bytes: UnsafeRawBufferPointer, _ start: Int) throws(JSONParseError) -> String {
        let bytes = bytes.assumingMemoryBound(to: UInt8.self).span
        do {
            return String(copying: try UTF8Span(validating: bytes))
        } catch {
            throw invalidUTF8(from: start)
        }
    }

    /// The error for the string that began at `start`, at its first byte that cannot be UTF-8. Escapes are ASCII, so
    /// the text itself is as ill formed as what it spells.
    @inline(never)
    private func invalidUTF8(from start: Int) -> JSONParseError {
        var validator = UTF8Validator()
        var offset = start
        while offset < end, validator.feed(UnsafeRawBufferPointer(start: base + offset, count: 1)) { offset += 1 }
        return JSONParseError(.invalidUTF8, at: offset)
    }

    /// Reads one escape, the backslash of which stands at `position`.
    private mutating func escape() throws(JSONParseError) {
        let start = position
        position += 1
        guard position < end else { throw unexpected() }
        let letter = byte(position)
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unescaped.append(letter)
        case UInt8(ascii: "b"): unescaped.append(0x08)
        case UInt8(ascii: "f"): unescaped.append(0x0C)
        case UInt8(ascii: "n"): unescaped.append(0x0A)
        case UInt8(ascii: "r"): unescaped.append(0x0D)
        case UInt8(ascii: "t"): unescaped.append(0x09)
        case UInt8(ascii: "u"): append(try scalar(start))
        default: throw JSONParseError(.invalidEscape, at: start)
        }
    }

    /// Reads the rest of a `\u` escape, and of its second half if it is a surrogate pair (RFC 8259 §7).
    private mutating func scalar(_ start: Int) throws(JSONParseError) -> UInt32 {
        let first = try fourDigits(start)
        guard first & 0xF800 == 0xD800 else { return first }
        guard first < 0xDC00 else { throw JSONParseError(.loneSurrogate, at: start) }
        let secondStart = position
        for expected in [UInt8(ascii: "\\"), UInt8(ascii: "u")] {
            guard position < end else { throw unexpected() }
            guard byte(position) == expected else { throw JSONParseError(.loneSurrogate, at: start) }
            position += 1
        }
        let second = try fourDigits(secondStart)
        guard second & 0xFC00 == 0xDC00 else { throw JSONParseError(.loneSurrogate, at: start) }
        return 0x1_0000 + (first & 0x3FF) << 10 + second & 0x3FF
    }

    private mutating func fourDigits(_ start: Int) throws(JSONParseError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < end else { throw unexpected() }
            guard let digit = Hex.value(byte(position)) else { throw JSONParseError(.invalidEscape, at: start) }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    /// Appends the UTF-8 of a scalar value.
    private mutating func append(_ scalar: UInt32) {
        func tail(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: scalar >> shift) & 0x3F | 0x80 }
        switch scalar {
        case 0..<0x80: unescaped.append(UInt8(truncatingIfNeeded: scalar))
        case 0x80..<0x800:
            unescaped.append(UInt8(truncatingIfNeeded: scalar >> 6) | 0xC0)
            unescaped.append(tail(0))
        case 0x800..<0x1_0000:
            unescaped.append(UInt8(truncatingIfNeeded: scalar >> 12) | 0xE0)
            unescaped.append(tail(6))
            unescaped.append(tail(0))
        default:
            unescaped.append(UInt8(truncatingIfNeeded: scalar >> 18) | 0xF0)
            unescaped.append(tail(12))
            unescaped.append(tail(6))
            unescaped.append(tail(0))
        }
    }
}
