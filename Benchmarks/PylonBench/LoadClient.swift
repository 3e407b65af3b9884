internal import CBenchSystem
internal import CSystem
internal import Glibc
internal import PylonBenchKit
internal import PylonTime

/// The client process: opens many streams from one thread, then reports what arrived in a window.
///
/// It is steered by lines: prints `ready` once every stream is open, answers `phase` with the newest snapshot's
/// timestamp, and `window FROM TO` (µs since the epoch) with one `result` line when the window is over. It ends with
/// its standard input.
final class LoadClient {
    /// Handshakes under way at once.
    private static let handshakesMaximum = 200
    private static let readBytes = 256 * 1024
    private static let inputDatum = UInt64.max
    /// How long after the window frames from within it may still come.
    private static let graceMicroseconds: UInt64 = 1_500_000

    private let options: Options
    private let epoll: Int32
    private let clock = SystemClock()
    private var connections: [LoadConnection] = []
    private var opening = 0
    private var window: Window?
    private var newestTimestamp: UInt64 = 0
    private var input: [UInt8] = []
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: readBytes, alignment: 64)

    struct Options {
        var port: Int
        var clients: Int
        /// How many of them stop reading once their stream is open; these are not counted.
        var stuckClients: Int
        var transport: Transport
        var payloadBytes: Int
        /// The request target up to the subscriber's number.
        var target: String
        var token: String
        var timeout: Duration
    }

    /// The frames being counted: those encoded from `from` to `to`.
    struct Window {
        var from: UInt64
        var to: UInt64
        var latencies = LatencyHistogram()
        var wrongSizes = 0
        /// Clients that have seen a frame from behind the window.
        var past = 0
    }

    init(_ options: Options) {
        self.options = options
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    }

    deinit {
        buffer.deallocate()
        close(epoll)
    }

    /// Opens every stream, then serves commands until the input ends.
    func run() throws(BenchError) {
        csystem_epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN.rawValue, Self.inputDatum)
        let deadline = clock.now() + options.timeout
        connections.reserveCapacity(options.clients)
        while connections.count < options.clients || opening > 0 {
            while opening < Self.handshakesMaximum, connections.count < options.clients { try open() }
            guard try turn(timeoutMilliseconds: 100) else { return }
            if clock.now() > deadline {
                throw .timedOut("\(connections.count - opening) of \(options.clients) streams opened")
            }
        }
        Self.say("ready")
        while try turn(timeoutMilliseconds: 50) { finishWindowIfOver() }
    }

    private func open() throws(BenchError) {
        let number = connections.count
        let connection = try LoadConnection(number: number, options)
        connections.append(connection)
        opening += 1
        let events = EPOLLIN.rawValue | EPOLLOUT.rawValue
        guard csystem_epoll_ctl(epoll, EPOLL_CTL_ADD, connection.descriptor, events, UInt64(number)) == 0 else {
            throw .system(call: "epoll_ctl", errno: errno)
        }
    }

    /// One round of events; false when the input has ended.
    private func turn(timeoutMilliseconds: Int32) throws(BenchError) -> Bool {
        try withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 512) { (events) throws(BenchError) -> Bool in
            let count = epoll_wait(epoll, events.baseAddress, 512, timeoutMilliseconds)
            for index in 0..<max(0, Int(count)) {
                let datum = csystem_epoll_datum(events.baseAddress.unsafelyUnwrapped + index)
                if datum == Self.inputDatum {
                    guard readCommands() else { return false }
                } else {
                    try serve(connections[Int(datum)], events[index].events)
                }
            }
            return true
        }
    }

    private func serve(_ connection: LoadConnection, _ events: UInt32) throws(BenchError) {
        if !connection.isRequestSent {
            guard events & EPOLLOUT.rawValue != 0 || events & EPOLLERR.rawValue != 0 else { return }
            try connection.sendRequest(options)
            csystem_epoll_ctl(
                epoll, EPOLL_CTL_MOD, connection.descriptor, EPOLLIN.rawValue, UInt64(connection.number))
            return
        }
        let length = recv(connection.descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
        if length < 0, errno == EAGAIN || errno == EINTR { return }
        guard length > 0 else { return try lose(connection) }
        let received = clock.microsecondsSinceEpoch()
        let bytes = UnsafeRawBufferPointer(start: buffer.baseAddress, count: length)
        let wasOpen = connection.isOpen
        let isIntact = try connection.read(bytes) { tick, json in
            arrived(on: connection, tick: tick, json, at: received)
        }
        if !wasOpen, connection.isOpen {
            opening -= 1
            if isStuck(connection) { csystem_epoll_ctl(epoll, EPOLL_CTL_DEL, connection.descriptor, 0, 0) }
        }
        if !isIntact { try lose(connection) }
    }

    /// Stuck clients stand first, where a sender that goes through its clients in order meets them first.
    private func isStuck(_ connection: LoadConnection) -> Bool { connection.number < options.stuckClients }

    private func lose(_ connection: LoadConnection) throws(BenchError) {
        guard connection.isOpen else {
            throw .process("the server closed stream \(connection.number) during the handshake")
        }
        csystem_epoll_ctl(epoll, EPOLL_CTL_DEL, connection.descriptor, 0, 0)
        connection.isLost = true
    }

    private func arrived(on connection: LoadConnection, tick: UInt64, _ json: UnsafeRawBufferPointer, at now: UInt64) {
        let timestamp = SnapshotTimestamp.microseconds(in: json) ?? 0
        newestTimestamp = max(newestTimestamp, timestamp)
        guard window != nil, !isStuck(connection) else { return }
        if timestamp >= window.unsafelyUnwrapped.to {
            if !connection.isPastWindow { window?.past += 1 }
            connection.isPastWindow = true
        } else if timestamp >= window.unsafelyUnwrapped.from {
            connection.delivery.record(tick: tick)
            window?.latencies.record(now > timestamp ? now - timestamp : 0)
            if json.count != options.payloadBytes { window?.wrongSizes += 1 }
        }
    }

    /// Reads commands; false at the end of the input.
    private func readCommands() -> Bool {
        let length = read(STDIN_FILENO, buffer.baseAddress, 4096)
        guard length > 0 else { return length < 0 && errno == EINTR }
        input.append(contentsOf: buffer[..<length])
        while let newline = input.firstIndex(of: UInt8(ascii: "\n")) {
            let words = String(decoding: input[..<newline], as: UTF8.self).split(separator: " ")
            input.removeSubrange(...newline)
            if words.first == "phase" {
                Self.say("phase \(newestTimestamp)")
            } else if words.first == "window", words.count == 3, let from = UInt64(words[1]), let to = UInt64(words[2])
            {
                window = Window(from: from, to: to)
                for connection in connections {
                    connection.delivery = Delivery()
                    connection.isPastWindow = false
                }
            }
        }
        return true
    }

    private func finishWindowIfOver() {
        guard let window else { return }
        let connections = connections.dropFirst(options.stuckClients)
        let now = clock.microsecondsSinceEpoch()
        guard now >= window.to, window.past == connections.count || now >= window.to + Self.graceMicroseconds else {
            return
        }
        self.window = nil
        let first = connections.compactMap(\.delivery.firstTick).min() ?? 0
        let last = connections.compactMap(\.delivery.lastTick).max() ?? 0
        let frames = connections.reduce(0) { $0 + $1.delivery.frames }
        let complete = connections.count { $0.delivery.isComplete(from: first, through: last) }
        let latencies = window.latencies
        Self.say(
            """
            result frames=\(frames) ticks=\(frames > 0 ? last - first + 1 : 0) complete=\(complete) \
            lost=\(connections.count(where: \.isLost)) wrong_sizes=\(window.wrongSizes) \
            p50=\(latencies.quantile(0.5)) p99=\(latencies.quantile(0.99)) p999=\(latencies.quantile(0.999)) \
            max=\(latencies.maximum)
            """)
    }

    private static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(STDOUT_FILENO, bytes, bytes.count)
    }
}
