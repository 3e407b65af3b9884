internal import PylonBytes
internal import PylonEventLoop
internal import PylonNet
internal import PylonTime
internal import PylonWebSocket

/// A shard's stream over a WebSocket. On the client's loop.
final class WebSocketLink: ConnectionHandler, StreamLink {
    /// Beyond so many bytes that wait inputs wait for nothing: the next ones are newer.
    static let bytesWaitingMaximum = 64 << 10
    private static let inflaters = LoopLocal { MessageInflater() }

    private enum Phase {
        /// The response to the handshake is awaited.
        case handshake
        /// A refusal is being gathered.
        case refused(ResponseReader)
        case open(isV2: Bool)
        case over
    }

    private let handshake: WebSocketClientHandshake
    private let limits: WebSocketLimits
    private unowned let owner: any StreamLinkOwner
    private var connection: Connection?
    private var phase = Phase.handshake
    private var session: WebSocketSession
    private var closing = CloseHandshake(role: .client)
    private var generator = SystemRandomNumberGenerator()

    init(_ request: StreamRequest, owner: any StreamLinkOwner) {
        self.owner = owner
        limits = WebSocketLimits(
            frameBytesMaximum: request.messageBytesMaximum, messageBytesMaximum: request.messageBytesMaximum)
        var fields: [(name: String, value: String)] = []
        if let token = request.token { fields.append(("Authorization", "Bearer \(token)")) }
        handshake = WebSocketClientHandshake(
            host: request.host, target: request.webSocketTarget,
            subprotocols: request.prefersVersion2 ? [StreamRequest.subprotocol] : [],
            offersDeflate: request.compresses, fields: fields, from: &generator)
        session = WebSocketSession(role: .client, limits: limits)
        super.init()
    }

    func begin(on connection: Connection) -> ConnectionHandler {
        self.connection = connection
        connection.write { handshake.writeRequest(into: &$0) }
        return self
    }

    func send(_ bytes: [UInt8], isText: Bool) -> Bool {
        guard let connection, connection.bytesWaiting < Self.bytesWaitingMaximum else { return false }
        return write(bytes, isText: isText)
    }

    func sendAgain(_ input: [UInt8]) {
        _ = write(input, isText: true)
    }

    private func write(_ bytes: [UInt8], isText: Bool) -> Bool {
        guard case .open = phase, closing.canSend, let connection, connection.isOpen else { return false }
        let key = MaskingKey(from: &generator)
        connection.write { output in
            FrameEncoder.write(isText ? .text : .binary, bytes.span, maskingKey: key, into: &output)
        }
        return true
    }

    func close() {
        if case .open = phase, let connection {
            let key = MaskingKey(from: &generator)
            connection.write { closing.begin(.normalClosure, maskingKey: key, into: &$0) }
            phase = .over
            connection.finish()
        } else {
            phase = .over
            connection?.close()
        }
        connection = nil
    }

    private func end(_ ending: StreamEnding) {
        guard case .over = phase else {
            phase = .over
            connection = nil
            return owner.link(self, ended: ending)
        }
    }

    // MARK: Receiving

    override func received(_ bytes: UnsafeMutableRawBufferPointer, on connection: Connection) -> Int {
        switch phase {
        case .handshake: return shakeHands(bytes, on: connection)
        case .refused(let reader): return reader.received(bytes, on: connection)
        case .open(let isV2):
            readFrames(bytes, isV2: isV2, on: connection)
            return bytes.count
        case .over: return bytes.count
        }
    }

    private func shakeHands(_ bytes: UnsafeMutableRawBufferPointer, on connection: Connection) -> Int {
        let acceptance: WebSocketClientHandshake.Acceptance?
        do throws(WebSocketClientHandshake.Failure) {
            acceptance = try handshake.check(UnsafeRawBufferPointer(bytes).bindMemory(to: UInt8.self).span)
        } catch {
            return refused(error, bytes, on: connection)
        }
        guard let acceptance else { return 0 }
        session = WebSocketSession(role: .client, limits: limits, isDeflated: acceptance.isDeflated)
        let isV2 = acceptance.subprotocol == StreamRequest.subprotocol
        phase = .open(isV2: isV2)
        owner.link(self, openedAs: isV2)
        let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[acceptance.headCount...])
        if case .open = phase { readFrames(rest, isV2: isV2, on: connection) }
        return bytes.count
    }

    private func refused(
        _ failure: WebSocketClientHandshake.Failure, _ bytes: UnsafeMutableRawBufferPointer, on connection: Connection
    ) -> Int {
        guard case .refused = failure else {
            end(.broken(.invalidMessage("the handshake's answer: \(failure)")))
            connection.close()
            return bytes.count
        }
        let reader = ResponseReader(bodyBytesMaximum: ResponseReader.gatheredBytesMaximum)
        reader.onResponse = { [unowned self, unowned connection] response in
            end(response.refusal)
            connection.close()
        }
        reader.onFailure = { [unowned self] error in end(.broken(error)) }
        phase = .refused(reader)
        return reader.received(bytes, on: connection)
    }

    private func readFrames(_ bytes: UnsafeMutableRawBufferPointer, isV2: Bool, on connection: Connection) {
        var rest = bytes
        while case .open = phase,
            let event = session.next(&rest, inflater: { Self.inflaters.value(on: connection.loop) })
        {
            switch event {
            case .text(let text):
                owner.link(
                    self, received: Self.read { () throws(ClientError) in try IncomingMessage(text: text) },
                    bytesCount: text.count)
            case .binary(let bytes):
                let message = Self.read { () throws(ClientError) in
                    try isV2 ? IncomingMessage(version2: bytes) : IncomingMessage(version1: bytes)
                }
                owner.link(self, received: message, bytesCount: bytes.count)
            case .ping, .pong, .close, .failure: respond(to: event, on: connection)
            }
        }
    }

    private static func read(
        _ body: () throws(ClientError) -> IncomingMessage
    ) -> Result<IncomingMessage, ClientError> {
        do { return .success(try body()) } catch { return .failure(error) }
    }

    private func respond(to event: WebSocketEvent, on connection: Connection) {
        let key = MaskingKey(from: &generator)
        // A peer that pings faster than it reads the answers gets no more of them.
        if case .ping = event, connection.bytesWaiting >= Self.bytesWaitingMaximum { return }
        connection.write { output in _ = closing.respond(to: event, maskingKey: key, into: &output) }
        switch event {
        case .close(let code, let reason):
            let reason = String(decoding: reason, as: UTF8.self)
            connection.finish()
            end(.closed(code, reason: reason))
        case .failure(let error):
            connection.finish()
            end(.broken(.invalidMessage("\(error.reason)")))
        default: break
        }
    }

    // MARK: Ending

    override func peerFinished(on connection: Connection) {
        if case .refused(let reader) = phase { return reader.peerFinished(on: connection) }
        connection.close()
    }

    override func closed(on connection: Connection) {
        if case .refused(let reader) = phase { reader.closed(on: connection) }
        end(.broken(.unreachable("the connection broke")))
    }
}
