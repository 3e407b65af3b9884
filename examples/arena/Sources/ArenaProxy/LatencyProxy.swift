internal import Glibc
internal import Pylon

/// A bad link to a server on the same machine: passes TCP connections on, later.
///
/// Both of the server's ports that players use are passed on, the main one and the one three above, so a page opened through the
/// proxy finds its WebSocket there too. One thread serves everybody.
public final class LatencyProxy {
    /// The port three above the main one is the shards' own.
    private static let offsets: [UInt16] = [0, 3]

    private let conditions: LinkConditions
    private var random: SeededGenerator
    private let listeners: [(descriptor: Int32, target: UInt16)]
    private var connections: [(up: DelayedFlow, down: DelayedFlow)] = []

    /// Listens on 127.0.0.1, on `port` and `port` + 3, for `server`'s port and the one three above. Nil when a port is taken.
    public init?(port: UInt16, to server: UInt16, _ conditions: LinkConditions, seed: UInt64 = 1) {
        self.conditions = conditions
        random = SeededGenerator(seed: seed)
        var listeners: [(Int32, UInt16)] = []
        for offset in Self.offsets {
            guard let descriptor = Self.listener(on: port + offset) else {
                for (descriptor, _) in listeners { close(descriptor) }
                return nil
            }
            listeners.append((descriptor, server + offset))
        }
        self.listeners = listeners
    }

    deinit {
        for listener in listeners { close(listener.descriptor) }
        for connection in connections { Self.closeBoth(connection.up) }
    }

    /// Passes on what comes, for `seconds`.
    public func run(seconds: Int) {
        let end = Self.now() + UInt64(seconds) * 1_000_000_000
        while Self.now() < end { turn(until: end) }
    }

    private func turn(until end: UInt64) {
        var waiting = pollfds()
        let due = connections.flatMap { [$0.up.dueNext, $0.down.dueNext] }.compactMap { $0 }.min() ?? end
        let now = Self.now()
        let milliseconds = due <= now ? 0 : min(1000, (min(due, end) - now + 999_999) / 1_000_000)
        guard poll(&waiting, nfds_t(waiting.count), Int32(milliseconds)) >= 0 else { return }
        let ready = Set(waiting.filter { $0.revents & ~Int16(POLLOUT) != 0 }.map(\.fd))
        for listener in listeners where ready.contains(listener.descriptor) { accept(listener) }
        pass(ready)
    }

    private func pollfds() -> [pollfd] {
        var all = listeners.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        for flow in connections.flatMap({ [$0.up, $0.down] }) {
            if flow.wantsInput { all.append(pollfd(fd: flow.source, events: Int16(POLLIN), revents: 0)) }
            if flow.isBlocked { all.append(pollfd(fd: flow.target, events: Int16(POLLOUT), revents: 0)) }
        }
        return all
    }

    private func pass(_ ready: Set<Int32>) {
        var kept: [(up: DelayedFlow, down: DelayedFlow)] = []
        for var connection in connections {
            if pass(&connection.up, ready), pass(&connection.down, ready),
                !connection.up.isFinished || !connection.down.isFinished
            {
                kept.append(connection)
            } else {
                Self.closeBoth(connection.up)
            }
        }
        connections = kept
    }

    private func pass(_ flow: inout DelayedFlow, _ ready: Set<Int32>) -> Bool {
        let now = Self.now()
        if flow.wantsInput, ready.contains(flow.source), !flow.read(now: now, conditions, &random) { return false }
        return flow.deliver(now: now)
    }

    // MARK: Sockets

    private func accept(_ listener: (descriptor: Int32, target: UInt16)) {
        let client = Glibc.accept(listener.descriptor, nil, nil)
        guard client >= 0 else { return }
        guard let server = Self.socket(at: listener.target, connect) else {
            close(client)
            return
        }
        for descriptor in [client, server] {
            Self.set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY)
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        }
        connections.append((DelayedFlow(from: client, to: server), DelayedFlow(from: server, to: client)))
    }

    private static func listener(on port: UInt16) -> Int32? {
        let descriptor = socket(at: port) { descriptor, address, length in
            set(descriptor, SOL_SOCKET, SO_REUSEADDR)
            return bind(descriptor, address, length)
        }
        guard let descriptor, listen(descriptor, 64) == 0 else { return nil }
        return descriptor
    }

    /// A socket that `use` has bound or connected to a port of 127.0.0.1.
    private static func socket(
        at port: UInt16, _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32? {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = (0x7F00_0001 as UInt32).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                use(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result == 0 { return descriptor }
        close(descriptor)
        return nil
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32) {
        var one: Int32 = 1
        setsockopt(descriptor, level, option, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func closeBoth(_ flow: DelayedFlow) {
        close(flow.source)
        close(flow.target)
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
