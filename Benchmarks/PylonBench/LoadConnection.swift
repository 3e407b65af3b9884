internal import CSystem
internal import Glibc
internal import PylonBenchKit
internal import PylonBytes

/// One stream of the client process: the handshake, then the frames.
final class LoadConnection {
    let number: Int
    private(set) var descriptor: Int32
    private(set) var isRequestSent = false
    /// Whether the server has accepted the stream.
    private(set) var isOpen = false
    var isLost = false
    var delivery = Delivery()
    var isPastWindow = false

    private let transport: Transport
    private var head = ByteBuffer()
    private var isChunked = false
    private var frames = WebSocketStream()
    private var chunks = ChunkedBody()
    private var events = EventStream()

    /// RFC 6455 §1.3's sample key, so that the answer is known without hashing.
    private static let key = "dGhlIHNhbXBsZSBub25jZQ=="
    private static let accept = "s3pplmbitxaq9kygzzhzrbk+xoo="

    /// Connections from one address to one port; the kernel has 28,000 ports for them by default.
    private static let connectionsPerSource = 20_000

    /// Starts to connect, from 127.0.0.`source`, by default from one that has ports left.
    init(number: Int, _ options: LoadClient.Options, source: Int? = nil) throws(BenchError) {
        self.number = number
        transport = options.transport
        let isLocal = transport == .unixSocket
        descriptor = socket(
            isLocal ? AF_UNIX : AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0
        )
        guard descriptor >= 0 else { throw .system(call: "socket", errno: errno) }
        // Closing resets, so that thousands of connections leave no TIME_WAIT behind for the next case.
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        let isUnderWay =
            isLocal
            ? Loopback.connectLocally(descriptor, port: options.port)
            : Loopback.connect(
                descriptor, port: options.port, source: source ?? 1 + number / Self.connectionsPerSource)
        guard isUnderWay else { throw .system(call: "connect", errno: errno) }
    }

    deinit {
        reset()
    }

    /// Ends the connection at once; the peer sees a reset unless the stream was closed in order.
    func reset() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    /// Begins the closing handshake (RFC 6455 §5.5.1); the connection then ends without a reset.
    func sendClose() {
        var linger = linger(l_onoff: 0, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        // Code 1000, masked with zeros.
        let frame: [UInt8] = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8]
        _ = send(descriptor, frame, frame.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    }

    func sendRequest(_ options: LoadClient.Options) throws(BenchError) {
        var request = "GET \(options.target(of: number)) HTTP/1.1\r\nHost: 127.0.0.1:\(options.port)\r\n"
        if !options.token.isEmpty { request += "Authorization: Bearer \(options.token)\r\n" }
        switch transport {
        case .webSocket, .unixSocket:
            request += "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            request += "Sec-WebSocket-Key: \(Self.key)\r\n\r\n"
        case .eventStream:
            request += "Accept: text/event-stream\r\n\r\n"
        }
        let bytes = Array(request.utf8)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw .system(call: "send of the handshake", errno: errno)
        }
        isRequestSent = true
    }

    /// Takes what was received; calls `arrived` with every snapshot's tick and JSON. False when the stream is over.
    func read(
        _ bytes: UnsafeRawBufferPointer, _ arrived: (UInt64, UnsafeRawBufferPointer) -> Void
    ) throws(BenchError) -> Bool {
        if isOpen { return readStream(bytes, arrived) }
        head.append(bytes)
        guard let length = headLength() else { return true }
        try checkHead(String(decoding: head.copyBytes()[..<length], as: UTF8.self))
        isOpen = true
        let rest = head.copyBytes()[length...]
        head.releaseMemory()
        return rest.withUnsafeBytes { $0.isEmpty || readStream($0, arrived) }
    }

    private func headLength() -> Int? {
        let end = Array("\r\n\r\n".utf8)
        return head.withUnsafeBytes { bytes in
            guard bytes.count >= 4 else { return nil }
            return (4...bytes.count).first { bytes[$0 - 4..<$0].elementsEqual(end) }
        }
    }

    private func checkHead(_ head: String) throws(BenchError) {
        let lower = head.lowercased()
        let status = transport.isWebSocket ? "http/1.1 101" : "http/1.1 200"
        guard lower.hasPrefix(status) else {
            throw .process("stream \(number) was refused: \(head.prefix { $0 != "\r\n" && $0 != "\r" })")
        }
        if transport.isWebSocket, !lower.contains("sec-websocket-accept: \(Self.accept)\r\n") {
            throw .process("stream \(number): wrong Sec-WebSocket-Accept")
        }
        isChunked = lower.contains("\r\ntransfer-encoding: chunked\r\n")
    }

    private func readStream(_ bytes: UnsafeRawBufferPointer, _ arrived: (UInt64, UnsafeRawBufferPointer) -> Void)
        -> Bool
    {
        switch transport {
        case .webSocket, .unixSocket:
            return readFrames(bytes, arrived)
        case .eventStream:
            func deliver(_ event: EventStream.Event) {
                if let tick = event.identifier, let data = event.data { arrived(tick, data) }
            }
            guard isChunked else {
                events.read(bytes, deliver)
                return true
            }
            chunks.read(bytes) { events.read($0, deliver) }
            return !chunks.isOver
        }
    }

    private func readFrames(_ bytes: UnsafeRawBufferPointer, _ arrived: (UInt64, UnsafeRawBufferPointer) -> Void)
        -> Bool
    {
        var isIntact = true
        frames.read(bytes) { event in
            switch event {
            case .binary(let message) where message.count >= 8:
                let tick = UInt64(bigEndian: message.loadUnaligned(as: UInt64.self))
                arrived(tick, UnsafeRawBufferPointer(rebasing: message[8...]))
            case .ping(let payload):
                sendPong(payload)
            case .close, .invalid:
                isIntact = false
            case .binary, .other:
                break
            }
        }
        return isIntact
    }

    /// Masked with zeros: RFC 6455 wants a mask, not a good one, of a client without secrets.
    private func sendPong(_ payload: UnsafeRawBufferPointer) {
        let frame: [UInt8] = [0x8A, 0x80 | UInt8(payload.count & 0x7F), 0, 0, 0, 0] + payload
        _ = send(descriptor, frame, frame.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    }
}
