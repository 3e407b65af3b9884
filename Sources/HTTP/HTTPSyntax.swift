/// Character classes of RFC 9110 and RFC 3986, and scans over them.
enum HTTPSyntax {
    static let carriageReturn = UInt8(ascii: "\r")
    static let lineFeed = UInt8(ascii: "\n")
    static let space = UInt8(ascii: " ")
    static let tab = UInt8(ascii: "\t")

    /// Whether a byte may stand in a token: a method, a field name (RFC 9110 §5.6.2).
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        tokens.utf8Start[Int(byte)] != UInt8(ascii: ".")
    }

    /// Indexed by byte: a dot where none may stand. A literal is a constant address; an array would be initialised
    /// lazily and checked at every use.
    private static var tokens: StaticString {
        """
        .................................x.xxxxx..xx.xx.xxxxxxxxxx......\
        .xxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxx.x.x.\
        ................................................................\
        ................................................................
        """
    }

    /// Whether a byte may stand in a registered name, escapes apart: unreserved and sub-delims (RFC 3986 §3.2.2).
    @inline(__always)
    static func isNameByte(_ byte: UInt8) -> Bool {
        isMember(byte, low: 0x2BFF_7FD2_0000_0000, high: 0x47FF_FFFE_87FF_FFFE)
    }

    /// What a byte is in a request target: itself if it is `?` or `%`, a dot where none may stand, else an `x`.
    ///
    /// Targets are visible ASCII without the `#` that no client may send.
    @inline(__always)
    static func targetClass(_ byte: UInt8) -> UInt8 {
        targets.utf8Start[Int(byte)]
    }

    private static var targets: StaticString {
        """
        .................................xx.x%xxxxxxxxxxxxxxxxxxxxxxxxx?\
        xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.\
        ................................................................\
        ................................................................
        """
    }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10
    }

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool {
        byte == space || byte == tab
    }

    /// The lower-case form of an ASCII letter, any other byte unchanged.
    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
    }

    /// Whether `bytes[range]` equals a lower-case literal, whatever its own case.
    @inline(__always)
    static func equals(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ literal: StaticString) -> Bool {
        guard range.count == literal.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count
        where lowercased(bytes[range.lowerBound &+ offset]) != literal.utf8Start[offset] {
            return false
        }
        return true
    }

    /// The index of the first control character other than a tab in `start..<end`, or `end`.
    ///
    /// Eight bytes at a time: a byte below 0x20 borrows from its top bit, DEL does so once XORed with 0x7F. Borrows
    /// run upwards only, so the lowest flag of a little-endian word is exact.
    @inline(__always)
    static func firstControl(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, to end: Int) -> Int {
        guard let base = bytes.baseAddress else { return end }
        let raw = UnsafeRawPointer(base)
        var index = start
        while end &- index >= 8 {
            let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let low = (word &- 0x2020_2020_2020_2020) & ~word
            let flipped = word ^ 0x7F7F_7F7F_7F7F_7F7F
            let delete = (flipped &- 0x0101_0101_0101_0101) & ~flipped
            let flags = (low | delete) & 0x8080_8080_8080_8080
            if flags == 0 {
                index &+= 8
                continue
            }
            index &+= flags.trailingZeroBitCount / 8
            if base[index] != tab { return index }
            index &+= 1
        }
        while index < end {
            let byte = base[index]
            if (byte < 0x20 && byte != tab) || byte == 0x7F { return index }
            index &+= 1
        }
        return end
    }

    @inline(__always)
    private static func isMember(_ byte: UInt8, low: UInt64, high: UInt64) -> Bool {
        byte < 128 && ((byte < 64 ? low : high) >> UInt64(byte & 63)) & 1 == 1
    }
}
