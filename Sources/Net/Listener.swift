internal import CSystem
internal import Glibc
internal import PylonBytes
package import PylonEventLoop
internal import PylonTelemetry

/// Accepts connections on one loop. Each loop has a listener of its own on the same port, so the kernel spreads them.
package final class Listener: Channel {
    /// A storm of newcomers may not keep a loop from those it already serves: 64 a turn, the rest in the next.
    private static let acceptedPerTurnMaximum = 64

    private let makeHandler: (Connection) -> ConnectionHandler
    private let counters: NetCounters
    /// Given up for a moment when descriptors run out, so that a waiting client can be accepted and turned away instead of
    /// leaving the listener readable for ever.
    private var reserve: Int32

    /// Takes over `descriptor`, a listening socket. `makeHandler` gives each connection its first protocol.
    package init(
        descriptor: Int32, loop: EventLoop, counters: NetCounters,
        makeHandler: @escaping (Connection) -> ConnectionHandler
    ) {
        self.makeHandler = makeHandler
        self.counters = counters
        reserve = open("/dev/null", O_RDONLY | O_CLOEXEC)
        super.init(descriptor: descriptor, loop: loop)
    }

    /// Starts accepting. On the loop's thread.
    package func start() throws(SystemError) {
        try loop.register(self, for: .readable)
    }

    /// Stops accepting and closes the socket; the kernel resets what waits in the backlog. On the loop's thread.
    package func stop() {
        loop.deregister(self)
        close(descriptor)
        close(reserve)
    }

    public override func ready(_ events: ReadyEvents) {
        for _ in 0..<Self.acceptedPerTurnMaximum {
            var storage = sockaddr_storage()
            switch acceptOne(&storage) {
            case .processed(let accepted): adopt(Int32(accepted), peer: IPAddress(storage))
            case .wouldBlock: return
            case .failed(EMFILE), .failed(ENFILE): turnOneAway()
            // The client gave up while it waited (ECONNABORTED), or the like: the next one may be fine.
            case .failed: continue
            }
        }
    }

    private func acceptOne(_ storage: inout sockaddr_storage) -> SystemResult {
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let flags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                systemCall { Int(csystem_accept4(descriptor, address, &length, flags)) }
            }
        }
    }

    private func adopt(_ accepted: Int32, peer: IPAddress?) {
        let connection = Connection(
            descriptor: accepted, loop: loop, peer: peer ?? .v4(0), counters: counters)
        do {
            try connection.start(handler: makeHandler(connection))
            counters.accepted.add()
        } catch {
            // epoll is short of memory; the client sees a reset and comes back.
            close(accepted)
        }
    }

    private func turnOneAway() {
        counters.refusedForDescriptors.add()
        close(reserve)
        let accepted = accept(descriptor, nil, nil)
        if accepted >= 0 { close(accepted) }
        reserve = open("/dev/null", O_RDONLY | O_CLOEXEC)
    }
}
