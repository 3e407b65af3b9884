/// An IP address read from text, with one spelling for each address.
package enum IPAddress: Hashable, Sendable {
    case v4(UInt32)
    case v6(high: UInt64, low: UInt64)

    /// Reads dotted decimal or RFC 4291 text: no brackets, port, zone, blanks or leading zeros in dotted decimal.
    package init?(_ text: String) {
        var text = text
        guard let address = text.withUTF8({ IPAddress(ipv4: $0) ?? IPAddress(ipv6: $0) }) else { return nil }
        self = address
    }

    /// What one subscriber of a network has: the /64 of an IPv6 address, an IPv4 address itself. For limits, which a /64 full of addresses
    /// would otherwise get around. The few addresses of ::/64, loopback and IPv4 in another spelling, stand for themselves.
    package var network: IPAddress {
        if case .v6(let high, _) = self, high != 0 { .v6(high: high, low: 0) } else { self }
    }

    init?(ipv4 bytes: UnsafeBufferPointer<UInt8>) {
        var index = 0
        guard let value = Self.dottedDecimal(bytes, &index), index == bytes.count else { return nil }
        self = .v4(value)
    }

    /// Reads the IPv6 form alone.
    package init?(ipv6 bytes: UnsafeBufferPointer<UInt8>) {
        var head: [UInt16] = []
        var tail: [UInt16] = []
        var hasGap = false
        var index = 0
        if bytes.count >= 2, bytes[0] == UInt8(ascii: ":"), bytes[1] == UInt8(ascii: ":") {
            hasGap = true
            index = 2
        }
        while index < bytes.count {
            let count = head.count + tail.count
            guard count < 8, let groups = Self.groups(bytes, &index, room: 8 - count) else { return nil }
            if hasGap { tail += groups } else { head += groups }
            if index == bytes.count { break }
            guard groups.count == 1, bytes[index] == UInt8(ascii: ":") else { return nil }
            index += 1
            guard index < bytes.count else { return nil }
            if bytes[index] == UInt8(ascii: ":") {
                guard !hasGap else { return nil }
                hasGap = true
                index += 1
            }
        }
        let count = head.count + tail.count
        guard hasGap ? count < 8 : count == 8 else { return nil }
        let all = head + [UInt16](repeating: 0, count: 8 - count) + tail
        let halves = [all[..<4], all[4...]].map { $0.reduce(UInt64(0)) { $0 << 16 | UInt64($1) } }
        self = .v6(high: halves[0], low: halves[1])
    }

    /// One group of up to four digits, or a dotted decimal as the last two.
    private static func groups(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int, room: Int) -> [UInt16]? {
        let start = index
        var value: UInt16 = 0
        while index < bytes.count, index - start < 4, let digit = hexValue(bytes[index]) {
            value = value << 4 | digit
            index += 1
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index = start
            guard room >= 2, let address = dottedDecimal(bytes, &index) else { return nil }
            return [UInt16(truncatingIfNeeded: address >> 16), UInt16(truncatingIfNeeded: address)]
        }
        return index > start ? [value] : nil
    }

    private static func dottedDecimal(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> UInt32? {
        var address: UInt32 = 0
        for part in 0..<4 {
            if part > 0 {
                guard index < bytes.count, bytes[index] == UInt8(ascii: ".") else { return nil }
                index += 1
            }
            let start = index
            var value: UInt32 = 0
            while index < bytes.count, index - start < 3, isDigit(bytes[index]) {
                value = value * 10 + UInt32(bytes[index] - UInt8(ascii: "0"))
                index += 1
            }
            let digits = index - start
            guard digits > 0, value <= 255, digits == 1 || bytes[start] != UInt8(ascii: "0") else { return nil }
            address = address << 8 | value
        }
        return address
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func hexValue(_ byte: UInt8) -> UInt16? {
        Hex.value(byte).map { UInt16($0) }
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted decimal, or RFC 5952 text: lower case, the longest run of two or more zero groups as `::`.
    package var description: String {
        switch self {
        case .v4(let value):
            return Self.dotted(value)
        case .v6(let high, let low):
            if high == 0, low >> 32 == 0xFFFF { return "::ffff:" + Self.dotted(UInt32(truncatingIfNeeded: low)) }
            let groups = [high, low].flatMap { half in
                stride(from: 48, through: 0, by: -16).map { UInt16(truncatingIfNeeded: half >> UInt64($0)) }
            }
            return Self.compressed(groups)
        }
    }

    private static func dotted(_ value: UInt32) -> String {
        "\(value >> 24).\(value >> 16 & 255).\(value >> 8 & 255).\(value & 255)"
    }

    private static func compressed(_ groups: [UInt16]) -> String {
        var gap = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > max(1, gap.count) { gap = start..<end }
            start = end + 1
        }
        func text(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        if gap.isEmpty { return text(groups[...]) }
        return text(groups[..<gap.lowerBound]) + "::" + text(groups[gap.upperBound...])
    }
}
