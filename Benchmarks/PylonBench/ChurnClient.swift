internal import CSystem
internal import Glibc
internal import PylonBenchKit
internal import PylonTime

/// The client process of `churn`: opens WebSockets at a steady pace and leaves each as soon as its handshake is done.
///
/// Clients with even numbers leave with a closing handshake and wait for the server to end the connection, the others
/// with a reset. Prints one `churned` line at the end.
final class ChurnClient {
    static let grammar = Arguments.Grammar(values: ["core", "port", "rate", "seconds", "bytes", "target", "token"])
    /// A client that is not done by then has failed.
    private static let patience: Duration = .seconds(5)
    /// Addresses that connections come from in turn, each with ports of its own: a closed connection keeps its port for
    /// a minute.
    private static let sources = 16
    private static let startsPerTurn = 100

    private let options: LoadClient.Options
    private let rate: Int
    private let seconds: Int
    private let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    private let clock = SystemClock()
    private var clients: [Int: Client] = [:]
    /// Numbers in the order of starting, for the time limit.
    private var oldest = 0
    private var started = 0
    private var done = 0
    private var failed = 0
    private var firstFailure: String?
    private var handshakes = LatencyHistogram()
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: LoadClient.readBytes, alignment: 64)

    private struct Client {
        let connection: LoadConnection
        let start: Instant
        /// Whether the server's close frame has come.
        var isClosed = false
    }

    init(_ arguments: Arguments) throws(BenchError) {
        rate = try arguments.number("rate", in: 1...100_000)
        seconds = try arguments.number("seconds", in: 1...3600)
        options = LoadClient.Options(
            port: try arguments.number("port", in: 1...65_535), clients: 1, transport: .webSocket,
            payloadBytes: try arguments.number("bytes", in: 1...1_000_000), target: try arguments.string("target"),
            token: try arguments.string("token", default: ""), timeout: Self.patience)
    }

    deinit {
        buffer.deallocate()
        close(epoll)
    }

    func run() throws(BenchError) {
        let start = clock.now()
        let total = rate * seconds
        while started < total || !clients.isEmpty {
            let elapsed = Double((clock.now() - start).wholeNanoseconds) / 1e9
            let due = min(total, Int(elapsed * Double(rate)) + 1)
            for _ in 0..<min(max(0, due - started), Self.startsPerTurn) { open() }
            turn()
            expire()
        }
        let took = (clock.now() - start).wholeNanoseconds / 1000
        if let firstFailure { Console.note("first failure: \(firstFailure)") }
        Console.print(
            """
            churned done=\(done) failed=\(failed) took=\(took) p50=\(handshakes.quantile(0.5)) \
            p99=\(handshakes.quantile(0.99)) max=\(handshakes.maximum)
            """)
    }

    private func open() {
        let number = started
        started += 1
        do throws(BenchError) {
            let connection = try LoadConnection(number: number, options, source: 1 + number % Self.sources)
            clients[number] = Client(connection: connection, start: clock.now())
            let events = EPOLLIN.rawValue | EPOLLOUT.rawValue
            csystem_epoll_ctl(epoll, EPOLL_CTL_ADD, connection.descriptor, events, UInt64(number))
        } catch {
            fail(number, error.message)
        }
    }

    private func turn() {
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 512) { events in
            let count = epoll_wait(epoll, events.baseAddress, 512, 1)
            for index in 0..<max(0, Int(count)) {
                let number = Int(csystem_epoll_datum(events.baseAddress.unsafelyUnwrapped + index))
                do throws(BenchError) {
                    try advance(number)
                } catch {
                    fail(number, error.message)
                }
            }
        }
    }

    private func advance(_ number: Int) throws(BenchError) {
        guard let client = clients[number] else { return }
        let connection = client.connection
        if !connection.isRequestSent {
            try connection.sendRequest(options)
            csystem_epoll_ctl(epoll, EPOLL_CTL_MOD, connection.descriptor, EPOLLIN.rawValue, UInt64(number))
            return
        }
        let length = recv(connection.descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
        if length < 0, errno == EAGAIN || errno == EINTR { return }
        guard length >= 0 else { throw .system(call: "recv", errno: errno) }
        if length == 0 {
            guard client.isClosed else { throw .process("the server ended the connection without a close frame") }
            return finish(number)
        }
        let wasOpen = connection.isOpen
        let isIntact = try connection.read(UnsafeRawBufferPointer(start: buffer.baseAddress, count: length)) { _, _ in }
        if !isIntact { clients[number]?.isClosed = true }
        guard !wasOpen, connection.isOpen else { return }
        handshakes.record((clock.now() - client.start).wholeNanoseconds / 1000)
        if number.isMultiple(of: 2) { connection.sendClose() } else { finish(number) }
    }

    private func finish(_ number: Int) {
        clients.removeValue(forKey: number)?.connection.reset()
        done += 1
    }

    private func fail(_ number: Int, _ reason: String) {
        clients.removeValue(forKey: number)?.connection.reset()
        failed += 1
        firstFailure = firstFailure ?? "connection \(number): \(reason)"
    }

    private func expire() {
        while oldest < started {
            if let client = clients[oldest] {
                guard client.start + Self.patience < clock.now() else { return }
                fail(oldest, "not done after \(Self.patience), \(client.connection.isOpen ? "open" : "not open")")
            }
            oldest += 1
        }
    }
}
