internal import CSystem
internal import Glibc
package import PylonBytes
package import PylonEventLoop
internal import PylonTelemetry
package import PylonTime

/// An outbound connection on its way: connects without blocking its loop and hands over a ``Connection`` that has.
package final class Connector: Channel {
    /// Where somebody listens.
    package enum Destination: Hashable, Sendable {
        case tcp(IPAddress, port: UInt16)
        /// A Unix socket of this host.
        case local(path: String)
    }

    private let peer: IPAddress?
    private let counters: NetCounters
    private let connected: (Connection) -> ConnectionHandler
    private let failed: (SystemError) -> Void
    private var isDone = false

    /// Starts connecting to `destination`, on `loop`'s thread. In a later turn either `connected` is called, which gives the connection its
    /// protocol and may write to it, or `failed`; behind `deadline` with `ETIMEDOUT`. Throws what the system refuses at once.
    package static func connect(
        to destination: Destination, on loop: EventLoop, counters: NetCounters, deadline: Instant,
        connected: @escaping (Connection) -> ConnectionHandler, failed: @escaping (SystemError) -> Void
    ) throws(SystemError) -> Connector {
        let (descriptor, peer) = try open(destination)
        let connector = Connector(
            descriptor: descriptor, loop: loop, peer: peer, counters: counters, connected: connected, failed: failed)
        do throws(SystemError) {
            try loop.register(connector, for: .writable)
        } catch {
            close(descriptor)
            throw error
        }
        loop.setDeadline(deadline, for: connector)
        return connector
    }

    private init(
        descriptor: Int32, loop: EventLoop, peer: IPAddress?, counters: NetCounters,
        connected: @escaping (Connection) -> ConnectionHandler, failed: @escaping (SystemError) -> Void
    ) {
        self.peer = peer
        self.counters = counters
        self.connected = connected
        self.failed = failed
        super.init(descriptor: descriptor, loop: loop)
    }

    /// Gives up; nothing is called any more. Safe to call at any time.
    package func cancel() {
        guard !isDone else { return }
        leaveLoop()
        close(descriptor)
    }

    public override func ready(_ events: ReadyEvents) {
        var number: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &length)
        guard number == 0 else { return fail(SystemError("connect", number: number)) }
        leaveLoop()
        let connection = Connection(
            descriptor: descriptor, loop: loop, peer: peer, cap: .unlimited, counters: counters)
        do throws(SystemError) {
            try connection.start(handler: connected(connection))
        } catch {
            // epoll is short of memory. The handler learns of it as of any connection that closes.
            close(descriptor)
            failed(error)
        }
    }

    public override func deadlinePassed() {
        fail(SystemError("connect", number: ETIMEDOUT))
    }

    private func fail(_ error: SystemError) {
        cancel()
        failed(error)
    }

    private func leaveLoop() {
        isDone = true
        loop.deregister(self)
    }

    private static func open(_ destination: Destination) throws(SystemError) -> (descriptor: Int32, peer: IPAddress?) {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let family =
            switch destination {
            case .tcp(let address, _): address.family
            case .local: AF_UNIX
            }
        let descriptor = socket(family, type, 0)
        guard descriptor >= 0 else { throw SystemError("socket", number: errno) }
        let result: Int32
        let peer: IPAddress?
        do throws(SystemError) {
            switch destination {
            case .tcp(let address, let port):
                ListeningSocket.setConnectionOptions(descriptor)
                result = address.withSocketAddress(port: port) { Glibc.connect(descriptor, $0, $1) }
                peer = address
            case .local(let path):
                result = try ListeningSocket.withLocalAddress(path) { Glibc.connect(descriptor, $0, $1) }
                peer = nil
            }
            // A Unix socket whose backlog is full says EAGAIN: nothing is on its way then.
            guard result == 0 || errno == EINPROGRESS else { throw SystemError("connect", number: errno) }
        } catch {
            close(descriptor)
            throw error
        }
        return (descriptor, peer)
    }
}
