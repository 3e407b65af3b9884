internal import Glibc
internal import PylonBytes
internal import PylonEventLoop
internal import PylonNet
internal import PylonTelemetry
internal import PylonTestSupport
internal import PylonTime
internal import Testing

@Suite struct ConnectorTests {
    private let thread: LoopThread
    private let counters = NetCounters()
    private let results = Mailbox<String>()
    private let received = Mailbox<[UInt8]>()

    init() throws {
        thread = try LoopThread()
    }

    /// Connects; `results` gets "connected" or the error's number.
    private func connect(to destination: Connector.Destination, within patience: Duration = .seconds(20)) throws {
        let (loop, counters, results, received) = (thread.loop, counters, results, received)
        try thread.run {
            _ = try Connector.connect(
                to: destination, on: loop, counters: counters, deadline: loop.clock.now() + patience,
                connected: { connection in
                    connection.write { $0.append("hello") }
                    results.put("connected")
                    return ScriptedHandler {
                        $0.onReceived = { bytes, _ in
                            received.put(Array(bytes))
                            return bytes.count
                        }
                    }
                },
                failed: { results.put("\($0.number)") })
        }
    }

    @Test(arguments: [IPAddress.v4(0x7F00_0001), .v6(high: 0, low: 1)])
    func connectsOverTCPAndSpeaksBothWays(address: IPAddress) throws {
        let server = try TestServer(address: address)
        defer { server.stop() }
        try connect(to: .tcp(address, port: server.port))
        #expect(try results.next() == "connected")
        let accepted = try server.nextAccepted()
        try server.on(accepted) { connection in connection.write { $0.append("answer") } }
        #expect(try received.next() == Array("answer".utf8))
        #expect(counters.open.value == 1)
        thread.stop()
        #expect(counters.open.value == 0)
    }

    @Test func connectsToAUnixSocket() throws {
        let path = "/tmp/pylon-connector-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).sock"
        let descriptors = try ListeningSocket.openLocal(path: path, count: 1)
        defer {
            close(descriptors[0])
            unlink(path)
            thread.stop()
        }
        try connect(to: .local(path: path))
        #expect(try results.next() == "connected")
    }

    @Test func aPortWhereNobodyListensIsRefused() throws {
        let server = try TestServer()
        let port = server.port
        server.stop()
        defer { thread.stop() }
        try connect(to: .tcp(.v4(0x7F00_0001), port: port))
        #expect(try results.next() == "\(ECONNREFUSED)")
        #expect(counters.open.value == 0)
    }

    @Test func aPathWhereNobodyListensIsRefusedAtOnce() {
        defer { thread.stop() }
        #expect(throws: SystemError.self) { try connect(to: .local(path: "/nowhere/at.all")) }
        #expect(throws: SystemError.self) { try connect(to: .local(path: "/" + String(repeating: "x", count: 200))) }
    }

    @Test func beyondTheDeadlineItFails() throws {
        // A listener whose backlog is full answers nobody: the kernel drops what asks.
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, length)
                _ = listen(descriptor, 0)
                _ = getsockname(descriptor, $0, &length)
            }
        }
        defer {
            close(descriptor)
            thread.stop()
        }
        let destination = Connector.Destination.tcp(.v4(0x7F00_0001), port: UInt16(bigEndian: address.sin_port))
        for _ in 0..<3 { try connect(to: destination, within: .milliseconds(200)) }
        let found = try results.take(3)
        #expect(found.contains("\(ETIMEDOUT)"))
    }
}
