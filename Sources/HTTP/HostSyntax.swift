internal import PylonBytes

/// The grammar of `Host` and of an absolute-form target's authority: a host and an optional port (RFC 3986 §3.2.2).
enum HostSyntax {
    /// Whether `bytes` are a non-empty registered name, an IPv4 address or an IPv6 address in brackets, and
    /// optionally a colon and a port of up to 65535. The port may be empty, as in the grammar.
    static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = bytes.first else { return false }
        var index = 0
        if first == UInt8(ascii: "[") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]")),
                IPAddress(ipv6: UnsafeBufferPointer(rebasing: bytes[1..<close])) != nil
            else { return false }
            index = close + 1
        } else {
            while index < bytes.count, bytes[index] != UInt8(ascii: ":") {
                if bytes[index] == UInt8(ascii: "%") {
                    guard bytes.count - index >= 3, isHex(bytes[index + 1]), isHex(bytes[index + 2]) else {
                        return false
                    }
                    index += 2
                } else if !HTTPSyntax.isNameByte(bytes[index]) {
                    return false
                }
                index += 1
            }
            guard index > 0 else { return false }
        }
        guard index < bytes.count else { return true }
        return bytes[index] == UInt8(ascii: ":") && isPort(UnsafeBufferPointer(rebasing: bytes[(index + 1)...]))
    }

    private static func isPort(_ digits: UnsafeBufferPointer<UInt8>) -> Bool {
        guard digits.count <= 5, digits.allSatisfy(HTTPSyntax.isDigit) else { return false }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } <= 65535
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        HTTPSyntax.isDigit(byte) || HTTPSyntax.lowercased(byte) &- UInt8(ascii: "a") < 6
    }
}
