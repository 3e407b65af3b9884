internal import CSystem
internal import PylonBytes

extension IPAddress {
    /// The address in a socket address; nil for a family that has none, such as a Unix socket's. IPv4-mapped IPv6 is IPv4.
    init?(_ storage: borrowing sockaddr_storage) {
        var storage = copy storage
        switch Int32(storage.ss_family) {
        case AF_INET:
            self = .v4(
                withUnsafeBytes(of: &storage) { UInt32(bigEndian: $0.load(as: sockaddr_in.self).sin_addr.s_addr) })
        case AF_INET6:
            let address = withUnsafeBytes(of: &storage) { $0.load(as: sockaddr_in6.self).sin6_addr }
            let (high, low) = withUnsafeBytes(of: address) { bytes in
                (bytes.load(as: UInt64.self).bigEndian, bytes.load(fromByteOffset: 8, as: UInt64.self).bigEndian)
            }
            let isMapped = high == 0 && low >> 32 == 0xFFFF
            self = isMapped ? .v4(UInt32(truncatingIfNeeded: low)) : .v6(high: high, low: low)
        default:
            return nil
        }
    }

    /// Whether the address is the machine's own (127.0.0.0/8 or ::1).
    package var isLoopback: Bool {
        switch self {
        case .v4(let address): address >> 24 == 127
        case .v6(let high, let low): high == 0 && low == 1
        }
    }

    var family: Int32 {
        if case .v4 = self { AF_INET } else { AF_INET6 }
    }

    /// Lends the socket address of this address and `port` to `body`.
    func withSocketAddress<R>(port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        var storage = sockaddr_storage()
        let length = withUnsafeMutableBytes(of: &storage) { bytes in
            switch self {
            case .v4(let ipv4):
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = port.bigEndian
                address.sin_addr.s_addr = ipv4.bigEndian
                bytes.storeBytes(of: address, as: sockaddr_in.self)
                return MemoryLayout<sockaddr_in>.size
            case .v6(let high, let low):
                var address = sockaddr_in6()
                address.sin6_family = sa_family_t(AF_INET6)
                address.sin6_port = port.bigEndian
                withUnsafeMutableBytes(of: &address.sin6_addr) { target in
                    target.storeBytes(of: high.bigEndian, as: UInt64.self)
                    target.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
                }
                bytes.storeBytes(of: address, as: sockaddr_in6.self)
                return MemoryLayout<sockaddr_in6>.size
            }
        }
        return withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
        }
    }
}
