internal import PylonBytes

extension JSONWriter {
    /// Appends a string in quotes.
    @usableFromInline
    mutating func appendQuoted(_ text: String) {
        var text = text
        text.withUTF8 { appendQuoted(UnsafeRawBufferPointer($0)) }
    }

    /// Appends UTF-8 in quotes.
    @usableFromInline
    mutating func appendQuoted(_ text: UnsafeRawBufferPointer) {
        buffer.reserve(text.count + 2)
        buffer.append(UInt8(ascii: "\""))
        if let base = text.baseAddress { appendEscaped(base, text.count) }
        buffer.append(UInt8(ascii: "\""))
    }

    /// Appends bytes in quotes. Plain ASCII, which is most of what there is, is looked at once and copied; anything else is checked first.
    @usableFromInline
    mutating func appendQuoted(repairing text: UnsafeRawBufferPointer) {
        if Self.isPlainASCII(text) {
            buffer.reserve(text.count + 2)
            buffer.append(UInt8(ascii: "\""))
            buffer.append(text)
            buffer.append(UInt8(ascii: "\""))
        } else if UTF8Validator.isValid(text) {
            appendQuoted(text)
        } else {
            appendQuoted(String(decoding: text, as: UTF8.self))
        }
    }

    /// Whether all bytes are ASCII and can stand in a string as they are.
    @inline(__always)
    private static func isPlainASCII(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let base = text.baseAddress else { return true }
        func isPlain(at index: Int) -> Bool {
            let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            return SWAR.special(word) | word & SWAR.highs == 0
        }
        guard text.count >= 8 else {
            return text.allSatisfy {
                $0 >= 0x20 && $0 < 0x80 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
            }
        }
        var index = 0
        while index <= text.count - 8 {
            if !isPlain(at: index) { return false }
            index += 8
        }
        // The last eight once more, as far as they are new.
        return isPlain(at: text.count - 8)
    }

    /// Appends runs of plain bytes as they are, and what lies between them escaped.
    @inline(__always)
    private mutating func appendEscaped(_ base: UnsafeRawPointer, _ count: Int) {
        var runStart = 0
        var index = 0
        while true {
            index = Self.skipPlain(base, from: index, to: count)
            buffer.append(UnsafeRawBufferPointer(start: base + runStart, count: index - runStart))
            if index == count { return }
            appendEscape(of: base.load(fromByteOffset: index, as: UInt8.self))
            index += 1
            runStart = index
        }
    }

    /// The index of the first byte at or behind `start` that needs an escape, or `end`.
    @inline(__always)
    private static func skipPlain(_ base: UnsafeRawPointer, from start: Int, to end: Int) -> Int {
        var index = start
        while end - index >= 8 {
            let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let special = SWAR.special(word)
            if special != 0 { return index + special.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < end {
            let byte = base.load(fromByteOffset: index, as: UInt8.self)
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return index }
            index += 1
        }
        return end
    }

    @inline(never)
    private mutating func appendEscape(of byte: UInt8) {
        buffer.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: buffer.append(UInt8(ascii: "b"))
        case 0x09: buffer.append(UInt8(ascii: "t"))
        case 0x0A: buffer.append(UInt8(ascii: "n"))
        case 0x0C: buffer.append(UInt8(ascii: "f"))
        case 0x0D: buffer.append(UInt8(ascii: "r"))
        case 0x00..<0x20:
            buffer.append(StaticString("u00"))
            buffer.append(Hex.digit(byte >> 4))
            buffer.append(Hex.digit(byte & 0x0F))
        default: buffer.append(byte)
        }
    }
}
