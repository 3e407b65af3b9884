internal import CSystem
internal import Glibc

/// Sockets on the loopback addresses.
enum Loopback {
    /// Starts or makes a connection to 127.0.0.1; true when it is made or under way. From 127.0.0.`source` when that is
    /// not 1: every address has ports of its own.
    static func connect(_ descriptor: Int32, port: Int, source: Int = 1) -> Bool {
        if source != 1 {
            // The port is chosen when the destination is known, else no two destinations could share one.
            var on: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_IP), ipBindAddressNoPort, &on, socklen_t(MemoryLayout<Int32>.size))
            guard withAddress(host: source, port: 0, { bind(descriptor, $0, $1) == 0 }) else { return false }
        }
        return withAddress(port: port) { Glibc.connect(descriptor, $0, $1) == 0 } || errno == EINPROGRESS
    }

    /// IP_BIND_ADDRESS_NO_PORT of linux/in.h.
    private static let ipBindAddressNoPort: Int32 = 24

    /// Makes a connection over the Unix socket that stands for `port`; true when it is made.
    static func connectLocally(_ descriptor: Int32, port: Int) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: localPath(port: port).utf8) }
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    /// The path of the Unix socket that stands for `port`.
    static func localPath(port: Int) -> String { "/tmp/pylon-bench-\(port).sock" }

    /// The first of `count` consecutive ports that are all free now.
    static func freePorts(_ count: Int) throws(BenchError) -> Int {
        // Below the range the kernel hands out to outgoing connections.
        for _ in 0..<200 {
            let first = Int.random(in: 20_000..<32_000)
            if (first..<first + count).allSatisfy(isFree) { return first }
        }
        throw .process("no \(count) consecutive free ports")
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        return withAddress(port: port) { bind(descriptor, $0, $1) == 0 }
    }

    private static func withAddress<R>(host: Int = 1, port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R
    {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0000 + host).bigEndian)
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
