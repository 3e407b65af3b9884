internal import CSystem
internal import Glibc
internal import PylonBytes
package import PylonEventLoop
internal import PylonTelemetry
internal import PylonTime

/// Accepts connections on one loop. Each loop has a listener of its own on the same port, so the kernel spreads them.
package final class Listener: Channel {
    /// A storm of newcomers may not keep a loop from those it already serves: 64 a turn, the rest in the next.
    private static let acceptedPerTurnMaximum = 64

    private let makeHandler: (Connection) -> ConnectionHandler
    private let cap: AddressCap
    private let counters: NetCounters
    /// Given up for a moment when descriptors run out, so that a waiting client can be accepted and turned away instead of
    /// leaving the listener readable for ever.
    private var reserve: Int32

    /// Takes over `descriptor`, a listening socket. Connections beyond `cap` are refused; `makeHandler` gives the others their first
    /// protocol.
    package init(
        descriptor: Int32, loop: EventLoop, cap: AddressCap = .unlimited, counters: NetCounters,
        makeHandler: @escaping (Connection) -> ConnectionHandler
    ) {
        self.makeHandler = makeHandler
        self.cap = cap
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
        if reserve >= 0 { close(reserve) }
    }

    public override func ready(_ events: ReadyEvents) {
        for _ in 0..<Self.acceptedPerTurnMaximum {
            var storage = sockaddr_storage()
            switch acceptOne(&storage) {
            case .processed(let accepted): adopt(Int32(accepted), peer: IPAddress(storage))
            case .wouldBlock: return
            case .failed(EMFILE), .failed(ENFILE):
                guard turnOneAway() else { return rest() }
            case .failed(ENOBUFS), .failed(ENOMEM): return rest()
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
        guard cap.admit(peer) else {
            refuse(accepted)
            return
        }
        let connection = Connection(descriptor: accepted, loop: loop, peer: peer, cap: cap, counters: counters)
        do {
            try connection.start(handler: makeHandler(connection))
            counters.accepted.add()
        } catch {
            // epoll is short of memory; the client sees a reset and comes back.
            close(accepted)
            cap.release(peer)
        }
    }

    /// Says why before any byte of a request is read. The answer fits the socket's empty buffer, so one call sends it or nothing does.
    private func refuse(_ accepted: Int32) {
        let answer: StaticString = """
            HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nContent-Length: 92\r\nConnection: close\r\n\r\n\
            {"error":{"code":"TOO_MANY_CONNECTIONS","message":"Too many connections from this address"}}
            """
        _ = send(accepted, answer.utf8Start, answer.utf8CodeUnitCount, Int32(MSG_NOSIGNAL))
        shutdown(accepted, Int32(SHUT_WR))
        close(accepted)
    }

    /// Accepts one client with the descriptor held in reserve and closes it; false when there was none to do it with.
    private func turnOneAway() -> Bool {
        guard reserve >= 0 else {
            reserve = open("/dev/null", O_RDONLY | O_CLOEXEC)
            return false
        }
        close(reserve)
        let accepted = accept(descriptor, nil, nil)
        if accepted >= 0 { close(accepted) }
        reserve = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard accepted >= 0 else { return false }
        counters.refusedForDescriptors.add()
        return true
    }

    /// Nothing can be accepted now, and the socket would stay readable: looks again in 100 ms.
    private func rest() {
        loop.update(self, for: [])
        loop.setDeadline(loop.now + .milliseconds(100), for: self)
    }

    public override func deadlinePassed() {
        loop.update(self, for: .readable)
    }
}
