internal import CSystem

/// An Internet address without its port, small enough to store with every connection. IPv4-mapped IPv6 addresses are IPv4.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt64
    package let isIPv4: Bool

    /// An IPv4 address from its four bytes in network order.
    package init(ipv4 address: UInt32) {
        high = 0
        low = UInt64(address)
        isIPv4 = true
    }

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
        isIPv4 = false
    }

    init(ipv6 address: in6_addr) {
        let bytes = withUnsafeBytes(of: address) { [UInt8]($0) }
        let high = bytes[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let low = bytes[8...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        if high == 0, low >> 32 == 0xFFFF {
            self.init(ipv4: UInt32(truncatingIfNeeded: low))
        } else {
            self.init(high: high, low: low)
        }
    }

    /// Reads a literal address of either family; nil for anything else, names included.
    package init?(_ text: String) {
        var ipv4 = in_addr()
        var ipv6 = in6_addr()
        if inet_pton(AF_INET, text, &ipv4) == 1 {
            self.init(ipv4: UInt32(bigEndian: ipv4.s_addr))
        } else if inet_pton(AF_INET6, text, &ipv6) == 1 {
            self.init(ipv6: ipv6)
        } else {
            return nil
        }
    }

    init?(_ storage: borrowing sockaddr_storage) {
        var storage = copy storage
        switch Int32(storage.ss_family) {
        case AF_INET:
            self.init(ipv4: withUnsafeBytes(of: &storage) { UInt32(bigEndian: $0.load(as: sockaddr_in.self).sin_addr.s_addr) })
        case AF_INET6:
            self.init(ipv6: withUnsafeBytes(of: &storage) { $0.load(as: sockaddr_in6.self).sin6_addr })
        default:
            return nil
        }
    }

    /// Whether the address is the machine's own (127.0.0.0/8 or ::1).
    package var isLoopback: Bool {
        isIPv4 ? low >> 24 == 127 : high == 0 && low == 1
    }

    package var description: String {
        var text = [CChar](repeating: 0, count: 46)
        withSocketAddress(port: 0) { address, _ in
            if isIPv4 {
                address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { ipv4 in
                    var source = ipv4.pointee.sin_addr
                    inet_ntop(AF_INET, &source, &text, socklen_t(text.count))
                }
            } else {
                address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { ipv6 in
                    var source = ipv6.pointee.sin6_addr
                    inet_ntop(AF_INET6, &source, &text, socklen_t(text.count))
                }
            }
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func withSocketAddress<R>(port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        if isIPv4 {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(truncatingIfNeeded: low).bigEndian
            return withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
            }
        }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        withUnsafeMutableBytes(of: &address.sin6_addr) { bytes in
            bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
            bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
        }
    }

    var family: Int32 { isIPv4 ? AF_INET : AF_INET6 }
}
