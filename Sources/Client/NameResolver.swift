internal import Glibc
internal import PylonBytes
internal import PylonThreading

/// Looks host names up on a thread that may block: `getaddrinfo` asks files and servers.
final class NameResolver: Sendable {
    /// Names that wait to be looked up; beyond that they count as not found.
    private static let waitingMaximum = 256

    private let blocking = BlockingThread(name: "resolver", capacity: waitingMaximum)
    private let thread: Thread

    init() {
        thread = blocking.start()
    }

    /// Calls `completion` on the resolver's thread with the addresses of `name`, the system's favourite first; none when there are none, or
    /// when too many names wait.
    func resolve(_ name: String, _ completion: @escaping @Sendable ([IPAddress]) -> Void) {
        if !blocking.submit({ completion(Self.addresses(of: name)) }) { completion([]) }
    }

    /// Ends the thread once what waits has been looked up, which can take as long as name servers let it; nobody waits for that.
    func close() {
        blocking.close()
    }

    private static func addresses(of name: String) -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [IPAddress] = []
        var next = list
        while let entry = next {
            if let address = address(of: entry.pointee), !found.contains(address) { found.append(address) }
            next = entry.pointee.ai_next
        }
        return found
    }

    private static func address(of entry: addrinfo) -> IPAddress? {
        guard let raw = UnsafeRawPointer(entry.ai_addr) else { return nil }
        switch entry.ai_family {
        case AF_INET:
            return .v4(UInt32(bigEndian: raw.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6:
            let address = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            return withUnsafeBytes(of: address) {
                .v6(
                    high: UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                    low: UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
            }
        default: return nil
        }
    }
}
