package import PylonBytes
package import PylonEventLoop
package import PylonFanout
package import PylonNet
package import PylonTime

/// A handler whose answers are closures; what they do not cover behaves as by default.
package final class ScriptedHandler: StreamHandler {
    package var onReceived: (UnsafeMutableRawBufferPointer, Connection) -> Int = { bytes, _ in bytes.count }
    package var onPeerFinished: (Connection) -> Void = { $0.close() }
    package var onDeadline: (Connection) -> Void = { _ in }
    package var onDrained: (Connection) -> Void = { _ in }
    package var onClosed: (Connection) -> Void = { _ in }
    package var onEnd: (StreamEnding, Connection) -> Void = { _, _ in }

    package init(_ configure: (ScriptedHandler) -> Void = { _ in }) {
        super.init()
        configure(self)
    }

    package override func received(_ bytes: UnsafeMutableRawBufferPointer, on connection: Connection) -> Int {
        onReceived(bytes, connection)
    }
    package override func peerFinished(on connection: Connection) { onPeerFinished(connection) }
    package override func deadlinePassed(on connection: Connection) { onDeadline(connection) }
    package override func drained(on connection: Connection) { onDrained(connection) }
    package override func closed(on connection: Connection) { onClosed(connection) }
    package override func end(_ ending: StreamEnding, on connection: Connection) { onEnd(ending, connection) }
}

/// A listener on loopback, its loop, and the connections it accepts.
package final class TestServer: Sendable {
    package let thread: LoopThread
    package let port: UInt16
    package let counters = NetCounters()
    private let accepted = Mailbox<OnLoop<Connection>>()

    package init(
        index: Int = 0, clock: any Clock = SystemClock(), address: IPAddress = .v4(0x7F00_0001),
        makeHandler: @escaping @Sendable (Connection) -> ConnectionHandler = { _ in ScriptedHandler() }
    ) throws {
        thread = try LoopThread(index: index, clock: clock)
        let (descriptors, port) = try ListeningSocket.open(address: address, port: 0, count: 1)
        self.port = port
        let (loop, counters, accepted) = (thread.loop, counters, accepted)
        try thread.run {
            let listener = Listener(descriptor: descriptors[0], loop: loop, counters: counters) { connection in
                let handler = makeHandler(connection)
                accepted.put(OnLoop(connection))
                return handler
            }
            try listener.start()
        }
    }

    package var loop: EventLoop { thread.loop }

    /// The connection accepted next.
    package func nextAccepted() throws -> OnLoop<Connection> { try accepted.next() }

    /// Connects a client; both ends. Not from several threads at a time.
    package func connect(receiveBuffer: Int32? = nil) throws -> (client: ClientSocket, connection: OnLoop<Connection>) {
        let client = try ClientSocket(port: port, receiveBuffer: receiveBuffer)
        return (client, try accepted.next())
    }

    /// Runs `body` on the loop with the connection.
    @discardableResult
    package func on<R: Sendable>(
        _ connection: OnLoop<Connection>, _ body: @escaping @Sendable (Connection) throws -> R
    ) throws -> R {
        try thread.run { try body(connection.value) }
    }

    package func stop() { thread.stop() }
}

extension SharedBytes {
    /// Bytes for a test.
    package convenience init(_ bytes: [UInt8]) {
        self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
    }
}
