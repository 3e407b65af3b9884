internal import CSystem
internal import Glibc
package import PylonBytes
package import PylonEventLoop

/// Opens listening TCP sockets with the options that every accepted connection inherits.
package enum ListeningSocket {
    /// Connections the kernel completes ahead of `accept`; it cuts this to `net.core.somaxconn`.
    package static let backlog: Int32 = 4096
    /// Bytes of one connection that the kernel may hold unsent. Without it about 4 MB of stale snapshots hide there, where
    /// drop-oldest cannot reach them; with it a client that stops reading resumes within milliseconds of the present.
    package static let unsentBytesMaximum: Int32 = 16 * 1024
    /// Unacknowledged data for this long ends the connection: a host that vanished without a FIN is noticed in half a minute.
    package static let acknowledgementMillisecondsMaximum: Int32 = 30_000

    /// Opens `count` sockets on one address, to be shared by as many loops (SO_REUSEPORT). Port 0 takes a free one.
    ///
    /// Throws `SystemError("bind", EADDRINUSE)` when anything at all listens there, another process of this program included.
    package static func open(
        address: IPAddress, port: UInt16, count: Int
    ) throws(SystemError) -> (descriptors: [Int32], port: UInt16) {
        // SO_REUSEPORT would let a second server share the port unnoticed. The first socket goes without until it listens: from then
        // on nobody else can, and it may be shared with its siblings.
        let first = try bound(address: address, port: port, sharesPort: false)
        let port = localPort(of: first)
        var descriptors = [first]
        do throws(SystemError) {
            try startListening(first)
            set(first, SOL_SOCKET, SO_REUSEPORT, 1)
            while descriptors.count < count {
                let sibling = try bound(address: address, port: port, sharesPort: true)
                descriptors.append(sibling)
                try startListening(sibling)
            }
        } catch {
            descriptors.forEach { close($0) }
            // Two servers that start at once may both have bound; only one may listen, and for the other the port is taken.
            throw error
        }
        return (descriptors, port)
    }

    /// Opens a Unix stream socket at `path` and shares it between `count` loops. Its file may be used by its owner and group; one that a
    /// server which is gone left behind is replaced.
    ///
    /// Throws `SystemError("bind", EADDRINUSE)` when somebody listens there, `ENAMETOOLONG` beyond 107 bytes.
    package static func openLocal(path: String, count: Int) throws(SystemError) -> [Int32] {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw SystemError("socket", number: errno) }
        var descriptors = [descriptor]
        do throws(SystemError) {
            var result = try withLocalAddress(path) { bind(descriptor, $0, $1) }
            if result != 0, errno == EADDRINUSE, try isAbandoned(path) {
                unlink(path)
                result = try withLocalAddress(path) { bind(descriptor, $0, $1) }
            }
            guard result == 0 else { throw SystemError("bind", number: errno) }
            guard chmod(path, 0o660) == 0 else { throw SystemError("chmod", number: errno) }
            guard listen(descriptor, backlog) == 0 else { throw SystemError("listen", number: errno) }
            while descriptors.count < count {
                // Each loop knows its channels by their descriptors.
                let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
                guard copy >= 0 else { throw SystemError("fcntl", number: errno) }
                descriptors.append(copy)
            }
        } catch {
            descriptors.forEach { close($0) }
            throw error
        }
        return descriptors
    }

    private static func isAbandoned(_ path: String) throws(SystemError) -> Bool {
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard probe >= 0 else { throw SystemError("socket", number: errno) }
        defer { close(probe) }
        let result = try withLocalAddress(path) { connect(probe, $0, $1) }
        return result != 0 && errno == ECONNREFUSED
    }

    /// Lends the socket address of the Unix socket at `path` to `body`.
    static func withLocalAddress<R>(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
    ) throws(SystemError) -> R {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { target in
            // One byte stays for the NUL.
            guard bytes.count < target.count else { return false }
            target.copyBytes(from: bytes)
            return true
        }
        guard fits else { throw SystemError("bind", number: ENAMETOOLONG) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }

    private static func startListening(_ descriptor: Int32) throws(SystemError) {
        setConnectionOptions(descriptor)
        guard listen(descriptor, backlog) == 0 else { throw SystemError("listen", number: errno) }
    }

    private static func bound(address: IPAddress, port: UInt16, sharesPort: Bool) throws(SystemError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.family, type, 0)
        guard descriptor >= 0 else { throw SystemError("socket", number: errno) }
        set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        if sharesPort { set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
        let result = address.withSocketAddress(port: port) { bind(descriptor, $0, $1) }
        guard result == 0 else {
            let error = SystemError("bind", number: errno)
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Sets what every TCP connection of this package wants.
    static func setConnectionOptions(_ descriptor: Int32) {
        let tcp = Int32(IPPROTO_TCP)
        // A snapshot is one small write that must leave at once; Nagle's algorithm would hold it for the last one's ACK.
        set(descriptor, tcp, TCP_NODELAY, 1)
        set(descriptor, tcp, TCP_NOTSENT_LOWAT, unsentBytesMaximum)
        set(descriptor, tcp, TCP_USER_TIMEOUT, acknowledgementMillisecondsMaximum)
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        // An option that this kernel lacks costs speed, not correctness.
        _ = setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func localPort(of descriptor: Int32) -> UInt16 {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        // The port stands at the same place in sockaddr_in and sockaddr_in6.
        return withUnsafeBytes(of: &storage) { UInt16(bigEndian: $0.load(as: sockaddr_in.self).sin_port) }
    }
}
