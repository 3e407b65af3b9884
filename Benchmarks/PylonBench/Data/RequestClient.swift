internal import CSystem
internal import Glibc
internal import PylonBenchKit
internal import PylonTime

/// The client process of the data plane's cases: connections that are kept, each with so many requests outstanding and a new
/// one for every response.
///
/// It prints `ready` once all connections are made and then waits for lines: `run WARMUP WINDOW` (µs) is answered with
/// `open` and `shut` at the window's ends and a `result` of the responses that came between them; `send N` sends that
/// many requests on each connection and is answered with a `result` of all responses. It ends with its standard input.
final class RequestClient {
    static let grammar = Arguments.Grammar(
        values: ["core", "port", "connections", "depth", "script", "token", "status"])
    private static let readBytes = 256 * 1024
    private static let inputDatum = UInt64.max
    /// Whoever has no response by then has failed.
    private static let patience: Duration = .seconds(30)

    private let expectedStatus: Int
    private let depth: Int
    private let messages: [[UInt8]]
    private let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    private let clock = SystemClock()
    private var connections: [RequestConnection] = []
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: readBytes, alignment: 64)
    private var input: [UInt8] = []
    private var isInputOver = false
    private var outstanding = 0
    /// Responses so far.
    private var responses = 0
    private var window = Window()

    /// What came between two moments.
    private struct Window {
        var isOpen = false
        var responses = 0
        var bodyBytes = 0
        var unexpected = 0
        var latencies = LatencyHistogram()
        var opened = Instant(nanoseconds: 0)
        var shut = Instant(nanoseconds: 0)
    }

    init(_ arguments: Arguments) throws(BenchError) {
        let port = try arguments.number("port", in: 1...65_535)
        depth = try arguments.number("depth", default: 1, in: 1...1024)
        expectedStatus = try arguments.number("status", default: 200, in: 200...599)
        let path = try arguments.string("script")
        guard let script = RequestScript(text: String(decoding: ProcessSample.readFile(path), as: UTF8.self)) else {
            throw .usage("\(path) holds no requests")
        }
        messages = script.messages(
            host: "127.0.0.1:\(port)", token: try arguments.string("token", default: ""))
        let count = try arguments.number("connections", in: 1...20_000)
        for number in 0..<count {
            // They begin at different places of the script.
            let connection = try RequestConnection(port: port, firstMessage: number * messages.count / count)
            connections.append(connection)
            watch(connection.descriptor, as: UInt64(number))
        }
    }

    deinit {
        buffer.deallocate()
        close(epoll)
    }

    func run() throws(BenchError) {
        watch(STDIN_FILENO, as: Self.inputDatum)
        LoadClient.say("ready")
        while !isInputOver {
            try turn(until: clock.now() + .milliseconds(50))
            while let newline = input.firstIndex(of: UInt8(ascii: "\n")) {
                let words = String(decoding: input[..<newline], as: UTF8.self).split(separator: " ").map(String.init)
                input.removeSubrange(...newline)
                try obey(words)
            }
        }
    }

    private func watch(_ descriptor: Int32, as datum: UInt64) {
        csystem_epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, EPOLLIN.rawValue, datum)
    }

    private func obey(_ words: [String]) throws(BenchError) {
        let numbers = words.dropFirst().compactMap { Int64($0) }
        window = Window()
        switch (words.first, numbers.count) {
        case ("run", 2):
            try begin(.max)
            try pass(.microseconds(numbers[0]))
            open()
            try pass(.microseconds(numbers[1]))
            shut()
            for connection in connections { connection.unsent = 0 }
            try drain()
        case ("send", 1):
            open()
            try begin(Int(numbers[0]))
            try drain()
            shut()
        default: throw .process("the request client does not know \(words)")
        }
        let latencies = window.latencies
        LoadClient.say(
            """
            result responses=\(window.responses) unexpected=\(window.unexpected) bytes=\(window.bodyBytes) \
            took=\((window.shut - window.opened).wholeNanoseconds / 1000) p50=\(latencies.quantile(0.5)) \
            p99=\(latencies.quantile(0.99)) max=\(latencies.maximum)
            """)
    }

    private func open() {
        window.isOpen = true
        window.opened = clock.now()
        LoadClient.say("open")
    }

    private func shut() {
        window.isOpen = false
        window.shut = clock.now()
        LoadClient.say("shut")
    }

    /// Every connection sends its first requests, of so many in all.
    private func begin(_ count: Int) throws(BenchError) {
        for connection in connections {
            connection.unsent = count
            for _ in 0..<depth { try send(on: connection) }
        }
    }

    private func pass(_ duration: Duration) throws(BenchError) {
        let end = clock.now() + duration
        while clock.now() < end, !isInputOver { try turn(until: end) }
    }

    /// Waits until every request has its response.
    private func drain() throws(BenchError) {
        var deadline = clock.now() + Self.patience
        while outstanding > 0, !isInputOver {
            let before = responses
            try turn(until: deadline)
            if responses > before { deadline = clock.now() + Self.patience }
            guard clock.now() < deadline else { throw .timedOut("\(outstanding) responses") }
        }
    }

    private func send(on connection: RequestConnection) throws(BenchError) {
        guard connection.unsent > 0 else { return }
        connection.unsent -= 1
        outstanding += 1
        let message = messages[connection.nextMessage]
        connection.nextMessage = connection.nextMessage + 1 == messages.count ? 0 : connection.nextMessage + 1
        try connection.send(message, at: clock.now())
    }

    /// One round of events.
    private func turn(until end: Instant) throws(BenchError) {
        let milliseconds = max(0, (end - clock.now()).wholeNanoseconds + 999_999) / 1_000_000
        try withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 512) { (events) throws(BenchError) in
            let count = epoll_wait(epoll, events.baseAddress, 512, Int32(clamping: milliseconds))
            for index in 0..<max(0, Int(count)) {
                let datum = csystem_epoll_datum(events.baseAddress.unsafelyUnwrapped + index)
                if datum == Self.inputDatum {
                    readInput()
                } else {
                    try receive(on: connections[Int(datum)])
                }
            }
        }
    }

    private func readInput() {
        let length = read(STDIN_FILENO, buffer.baseAddress, 4096)
        if length > 0 { input.append(contentsOf: buffer[..<length]) } else { isInputOver = true }
    }

    private func receive(on connection: RequestConnection) throws(BenchError) {
        let length = recv(connection.descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
        if length < 0, errno == EAGAIN || errno == EINTR { return }
        guard length > 0 else { throw .process("the server ended a connection") }
        let now = clock.now()
        var answered = 0
        connection.responses.read(UnsafeRawBufferPointer(rebasing: buffer[..<length])) { response in
            answered += 1
            arrived(response, since: connection.takeOldestSend(), now)
        }
        if connection.responses.isBroken { throw .process("the server sent what is no response") }
        for _ in 0..<answered { try send(on: connection) }
    }

    private func arrived(_ response: HTTPResponses.Response, since sent: Instant, _ now: Instant) {
        outstanding -= 1
        responses += 1
        guard window.isOpen else { return }
        window.responses += 1
        window.bodyBytes += response.bodyBytes
        if response.status != expectedStatus {
            if window.unexpected == 0 { Console.note("unexpected status \(response.status)") }
            window.unexpected += 1
        }
        window.latencies.record(UInt64(max(0, (now - sent).wholeNanoseconds / 1000)))
    }
}
