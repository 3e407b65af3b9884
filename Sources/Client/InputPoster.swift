internal import PylonBytes
internal import PylonEventLoop
internal import PylonJSON
internal import PylonNet
internal import PylonTime

/// Posts inputs one at a time, in order, over a connection that it keeps. On the client's loop.
final class InputPoster: @unchecked Sendable {
    // Safety: touched on the client's loop alone.

    /// Inputs waiting to be posted.
    static let waitingMaximum = 256
    /// A kept connection that has rested for longer is left to the server, which may be closing it: an input sent into that would be lost.
    static let restMaximum: Duration = .seconds(5)
    /// How long one input may take.
    static let answerMaximum: Duration = .seconds(10)

    /// How much later than the connection of an input the stream may be found to have ended.
    static let streamEndPatience: Duration = .seconds(1)

    private let request: StreamRequest
    private let destination: Connector.Destination
    private let loop: EventLoop
    private let counters: NetCounters
    private let refused: (InputRefusal) -> Void
    private var waiting = Deque<[UInt8]>()
    private var posting: [UInt8]?
    private var connector: Connector?
    private var connection: (Connection, ResponseReader)?
    private var usedLast = Instant(nanoseconds: 0)
    private var isClosed = false

    /// `refused` is told of inputs that the server refuses, and of those that got no answer.
    init(
        _ request: StreamRequest, to destination: Connector.Destination, on loop: EventLoop, counters: NetCounters,
        refused: @escaping (InputRefusal) -> Void
    ) {
        self.request = request
        self.destination = destination
        self.loop = loop
        self.counters = counters
        self.refused = refused
    }

    /// Queues an input's message; false when it is none, or `isBounded` and too many wait.
    func post(_ message: [UInt8], isBounded: Bool = true) -> Bool {
        // The only other text messages begin with their type.
        guard !isClosed, !isBounded || waiting.count < Self.waitingMaximum, message.starts(with: "{\"input\":".utf8)
        else {
            return false
        }
        guard let subscriber = request.subscriber else {
            waiting.append(message)
            postNext()
            return true
        }
        var json = JSONWriter(capacity: message.count + 64)
        json.beginObject()
        json.member("subscriber_id", subscriber)
        json.endObject()
        // `{"subscriber_id":"u1"` and the input's members.
        waiting.append(Array(json.finish().copyBytes().dropLast()) + [UInt8(ascii: ",")] + message.dropFirst())
        postNext()
        return true
    }

    /// Drops what waits.
    func close() {
        isClosed = true
        waiting.removeAll()
        posting = nil
        connector?.cancel()
        connector = nil
        dropConnection()
    }

    private func dropConnection() {
        guard let (connection, reader) = connection else { return }
        self.connection = nil
        reader.forget()
        connection.close()
    }

    private func postNext() {
        guard !isClosed, posting == nil, !waiting.isEmpty else { return }
        posting = waiting.removeFirst()
        if let (connection, _) = connection, connection.isOpen, loop.now - usedLast <= Self.restMaximum {
            return write(on: connection)
        }
        dropConnection()
        connect()
    }

    private func connect() {
        do throws(SystemError) {
            connector = try Connector.connect(
                to: destination, on: loop, counters: counters, deadline: loop.now + Self.answerMaximum,
                connected: { [unowned self] in begin(on: $0) },
                failed: { [unowned self] error in
                    connector = nil
                    failed(.unreachable(error.description))
                })
        } catch {
            failed(.unreachable(error.description))
        }
    }

    private func begin(on connection: Connection) -> ConnectionHandler {
        connector = nil
        let reader = ResponseReader(bodyBytesMaximum: ResponseReader.gatheredBytesMaximum)
        reader.onResponse = { [unowned self] in answered($0) }
        reader.onFailure = { [unowned self] error in
            self.connection = nil
            failed(error)
        }
        self.connection = (connection, reader)
        write(on: connection)
        return reader
    }

    private func write(on connection: Connection) {
        guard let posting else { return }
        let bytes = RequestText.make(
            "POST", request.inputTarget, host: request.host, token: request.token, body: posting)
        connection.write { $0.append(bytes) }
        connection.setDeadline(loop.now + Self.answerMaximum)
    }

    private func answered(_ response: ResponseReader.Response) {
        guard let message = posting else { return dropConnection() }
        posting = nil
        usedLast = loop.now
        connection?.0.setDeadline(.distantFuture)
        if !response.head.keepsAlive { dropConnection() }
        if response.head.status != 200, case .refused(_, let code, let text, _) = response.refusal {
            refused(
                InputRefusal(
                    code: code.isEmpty ? "STATUS_\(response.head.status)" : code, message: text,
                    clientSequence: Self.sequence(of: message)))
        }
        postNext()
    }

    /// Whether the input arrived is not known; it is not posted again, as the world would apply it twice. Nothing is said of it for a moment:
    /// what took the answer may have taken the stream, and then the next hello tells.
    private func failed(_ error: ClientError) {
        guard posting != nil else { return }
        loop.schedule(after: Self.streamEndPatience) { [weak self] in self?.giveUp(error) }
    }

    private func giveUp(_ error: ClientError) {
        guard let message = posting else { return }
        posting = nil
        refused(
            InputRefusal(code: "NO_ANSWER", message: "\(error)", clientSequence: Self.sequence(of: message)))
        postNext()
    }

    private static func sequence(of message: [UInt8]) -> UInt64? {
        // Written by this client: it can be read.
        (try? JSONParser.parse(message)["client_seq"]?.int).flatMap { $0 }.map { UInt64($0) }
    }
}
