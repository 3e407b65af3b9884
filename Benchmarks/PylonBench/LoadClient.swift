internal import CBenchSystem
internal import CSystem
internal import Glibc
internal import PylonBenchKit
internal import PylonTime

/// The client process: opens many streams from one thread, then reports what arrived in a window.
///
/// It is steered by lines (`LoadClient+Commands.swift`) and prints `ready` once every stream is open. It ends with its
/// standard input.
final class LoadClient {
    /// Handshakes under way at once.
    private static let handshakesMaximum = 200
    static let readBytes = 256 * 1024
    private static let inputDatum = UInt64.max

    let options: Options
    let epoll: Int32
    let clock = SystemClock()
    var connections: [LoadConnection] = []
    private var opening = 0
    var window: Window?
    var newestTimestamp: UInt64 = 0
    /// The first so many clients stopped reading at some time; like stuck ones they are not counted.
    var pausedClients = 0
    var resumption: Resumption?
    var massReturn: MassReturn?
    /// Commands that wait for the end of the turn, because they replace connections whose events may be at hand.
    var isStormDue = false
    var input: [UInt8] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: readBytes, alignment: 64)

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
            while opening < Self.handshakesMaximum, connections.count < options.clients {
                connections.append(try open(connections.count))
            }
            guard try turn(timeoutMilliseconds: 100) else { return }
            if clock.now() > deadline {
                throw .timedOut("\(connections.count - opening) of \(options.clients) streams opened")
            }
        }
        Self.say("ready")
        while try turn(timeoutMilliseconds: 50) {
            finishWindowIfOver()
            finishResumptionIfOver()
            try weatherStorm()
        }
    }

    /// Starts the handshake of stream `number`.
    func open(_ number: Int) throws(BenchError) -> LoadConnection {
        let connection = try LoadConnection(number: number, options)
        opening += 1
        let events = EPOLLIN.rawValue | EPOLLOUT.rawValue
        guard csystem_epoll_ctl(epoll, EPOLL_CTL_ADD, connection.descriptor, events, UInt64(number)) == 0 else {
            throw .system(call: "epoll_ctl", errno: errno)
        }
        return connection
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
        do throws(BenchError) {
            try advance(connection, events)
        } catch {
            guard massReturn != nil, !connection.isOpen else { throw error }
            csystem_epoll_ctl(epoll, EPOLL_CTL_DEL, connection.descriptor, 0, 0)
            opening -= 1
            massReturn?.failed(connection.number)
        }
    }

    private func advance(_ connection: LoadConnection, _ events: UInt32) throws(BenchError) {
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
            if connection.number < options.stuckClients {
                csystem_epoll_ctl(epoll, EPOLL_CTL_DEL, connection.descriptor, 0, 0)
            }
        }
        if !isIntact { try lose(connection) }
    }

    /// Stuck and paused clients stand first, where a sender that goes through its clients in order meets them first.
    var uncountedClients: Int { max(options.stuckClients, pausedClients) }

    private func lose(_ connection: LoadConnection) throws(BenchError) {
        guard connection.isOpen else {
            throw .process("the server closed stream \(connection.number) during the handshake")
        }
        csystem_epoll_ctl(epoll, EPOLL_CTL_DEL, connection.descriptor, 0, 0)
        connection.isLost = true
        resumption?.lost(connection.number)
    }

    private func arrived(on connection: LoadConnection, tick: UInt64, _ json: UnsafeRawBufferPointer, at now: UInt64) {
        let timestamp = SnapshotTimestamp.microseconds(in: json) ?? 0
        newestTimestamp = max(newestTimestamp, timestamp)
        let age = now > timestamp ? now - timestamp : 0
        if massReturn != nil { massReturn?.arrived(connection.number, at: now) }
        if connection.number < uncountedClients {
            resumption?.arrived(connection.number, age: age, at: now)
            return
        }
        guard window != nil else { return }
        if timestamp >= window.unsafelyUnwrapped.to {
            if !connection.isPastWindow { window?.past += 1 }
            connection.isPastWindow = true
        } else if timestamp >= window.unsafelyUnwrapped.from {
            connection.delivery.record(tick: tick)
            window?.latencies.record(age)
            if json.count != options.payloadBytes { window?.wrongSizes += 1 }
        }
    }

    static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(STDOUT_FILENO, bytes, bytes.count)
    }
}
