/// Checks UTF-8 (RFC 3629) as it arrives, in pieces that may end anywhere, even inside a character.
///
/// An ill-formed text is refused at the earliest byte that no continuation can repair: overlong forms, surrogates and
/// values beyond U+10FFFF fail on their second byte, not on their last.
package struct UTF8Validator: Sendable {
    /// Continuation bytes still missing from the character being read.
    @usableFromInline var missing: UInt8 = 0
    /// The least value allowed for the next continuation byte; above 0x80 only behind E0 and F0.
    @usableFromInline var least: UInt8 = 0x80
    /// The greatest value allowed for the next continuation byte; below 0xBF only behind ED and F4.
    @usableFromInline var greatest: UInt8 = 0xBF
    /// Whether an impossible byte was seen; nothing fed later changes that.
    @usableFromInline var hasFailed = false

    /// A validator that stands at the start of a text.
    @inlinable
    package init() {}

    /// Whether everything fed so far is well formed and ends on a character boundary.
    @inlinable
    package var isComplete: Bool { missing == 0 && !hasFailed }

    /// Takes the next piece of the text; false as soon as the text can no longer become valid.
    package mutating func feed(_ bytes: Span<UInt8>) -> Bool {
        bytes.withUnsafeBytes { feed($0) }
    }

    /// Takes the next piece of the text; false as soon as the text can no longer become valid.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard !hasFailed else { return false }
        guard let base = bytes.baseAddress else { return true }
        var index = 0
        while index < bytes.count {
            if missing == 0 {
                index = Self.skipASCII(base, from: index, to: bytes.count)
                if index == bytes.count { break }
            }
            let byte = base.load(fromByteOffset: index, as: UInt8.self)
            guard missing == 0 ? lead(byte) : continuation(byte) else {
                hasFailed = true
                return false
            }
            index += 1
        }
        return true
    }

    /// Whether `bytes` as a whole is well-formed UTF-8.
    package static func isValid(_ bytes: Span<UInt8>) -> Bool {
        var validator = UTF8Validator()
        return validator.feed(bytes) && validator.isComplete
    }

    /// Whether `bytes` as a whole is well-formed UTF-8.
    package static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var validator = UTF8Validator()
        return validator.feed(bytes) && validator.isComplete
    }

    /// The index of the first byte at or behind `start` that is not ASCII, or `end`.
    @inline(__always)
    private static func skipASCII(_ base: UnsafeRawPointer, from start: Int, to end: Int) -> Int {
        var index = start
        while end - index >= 8 {
            let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let high = word & 0x8080_8080_8080_8080
            if high != 0 { return index + high.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < end, base.load(fromByteOffset: index, as: UInt8.self) < 0x80 { index += 1 }
        return index
    }

    /// Starts a character; the ranges of its second byte are those of RFC 3629 §4.
    @inline(__always)
    private mutating func lead(_ byte: UInt8) -> Bool {
        least = 0x80
        greatest = 0xBF
        switch byte {
        case 0x00...0x7F: return true
        case 0xC2...0xDF: missing = 1
        case 0xE0...0xEF:
            missing = 2
            if byte == 0xE0 { least = 0xA0 }
            if byte == 0xED { greatest = 0x9F }
        case 0xF0...0xF4:
            missing = 3
            if byte == 0xF0 { least = 0x90 }
            if byte == 0xF4 { greatest = 0x8F }
        default: return false
        }
        return true
    }

    @inline(__always)
    private mutating func continuation(_ byte: UInt8) -> Bool {
        guard byte >= least, byte <= greatest else { return false }
        least = 0x80
        greatest = 0xBF
        missing -= 1
        return true
    }
}
