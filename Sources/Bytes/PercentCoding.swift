/// Percent-encoding of paths and queries (RFC 3986 §2.1).
package enum PercentCoding {
    /// The text that `bytes` spells: each `%XX` is one byte, and with `plusAsSpace` a `+` is a space, as in a form.
    ///
    /// Nil for a `%` without two digits behind it, and for a result that is not UTF-8. Whether a NUL, a slash or any
    /// other character is acceptable is for the caller to say.
    package static func decode(_ bytes: Span<UInt8>, plusAsSpace: Bool = false) -> String? {
        bytes.withUnsafeBytes { source in
            guard source.contains(where: { $0 == UInt8(ascii: "%") || (plusAsSpace && $0 == UInt8(ascii: "+")) }) else {
                return text(of: source)
            }
            return withUnsafeTemporaryAllocation(byteCount: source.count, alignment: 1) { target in
                guard let length = unescape(source, plusAsSpace: plusAsSpace, into: target) else { return nil }
                return text(of: UnsafeRawBufferPointer(rebasing: target[..<length]))
            }
        }
    }

    /// The text that `text` spells, or nil; see ``decode(_:plusAsSpace:)-(Span<UInt8>,_)``.
    package static func decode(_ text: some StringProtocol, plusAsSpace: Bool = false) -> String? {
        decode(Array(text.utf8).span, plusAsSpace: plusAsSpace)
    }

    /// `text` with every byte outside the unreserved set (RFC 3986 §2.3) as `%XX`: safe as one path segment and as one
    /// query name or value.
    package static func encode(_ text: some StringProtocol) -> String {
        let utf8 = text.utf8
        let escaped = utf8.reduce(0) { $0 + (isUnreserved($1) ? 0 : 1) }
        if escaped == 0 { return String(text) }
        let length = utf8.count + 2 * escaped
        return String(unsafeUninitializedCapacity: length) { target in
            var index = 0
            for byte in utf8 {
                if isUnreserved(byte) {
                    target[index] = byte
                    index += 1
                } else {
                    target[index] = UInt8(ascii: "%")
                    target[index + 1] = upperDigit(byte >> 4)
                    target[index + 2] = upperDigit(byte & 0x0F)
                    index += 3
                }
            }
            return index
        }
    }

    /// Whether a byte stands for itself in every part of a URI.
    package static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// The string of bytes, or nil if they are not UTF-8. `String(validating:as:)` says the same, but it is generic code
    /// in the standard library and takes several times as long.
    private static func text(of bytes: UnsafeRawBufferPointer) -> String? {
        guard let text = try? UTF8Span(validating: bytes.assumingMemoryBound(to: UInt8.self).span) else { return nil }
        return String(copying: text)
    }

    /// Writes the unescaped bytes and returns their number, or nil for a broken escape.
    private static func unescape(
        _ source: UnsafeRawBufferPointer, plusAsSpace: Bool, into target: UnsafeMutableRawBufferPointer
    ) -> Int? {
        var read = 0
        var written = 0
        while read < source.count {
            var byte = source[read]
            read += 1
            if byte == UInt8(ascii: "%") {
                guard source.count - read >= 2, let high = Hex.value(source[read]),
                    let low = Hex.value(source[read + 1])
                else { return nil }
                byte = high << 4 | low
                read += 2
            } else if plusAsSpace, byte == UInt8(ascii: "+") {
                byte = UInt8(ascii: " ")
            }
            target[written] = byte
            written += 1
        }
        return written
    }

    /// RFC 3986 §2.1 asks producers for upper case, unlike ``Hex``.
    private static func upperDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "A") + nibble - 10
    }
}
