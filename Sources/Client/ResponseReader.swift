internal import PylonBytes
internal import PylonJSON
internal import PylonNet
internal import PylonTime

/// Reads the responses of a connection and gathers refusals. On the client's loop.
final class ResponseReader: ConnectionHandler {
    /// What a gathered body holds at most.
    static let gatheredBytesMaximum = 64 << 10

    /// A response that was gathered.
    struct Response {
        let head: HTTPResponseHead
        let body: [UInt8]

        /// What it says as a refusal: with the code of the API's error bodies, empty where it has none.
        var refusal: StreamEnding {
            let error = try? JSONParser.parse(body)["error"]
            // Seconds; the form with a date says nothing that a clock of one's own could be compared with.
            let seconds = head.first("retry-after").flatMap { Int64($0) }.map { min(max($0, 0), 86_400) }
            return .refused(
                status: head.status, code: error?["code"]?.string ?? "", message: error?["message"]?.string ?? "",
                retryAfter: seconds.map { .seconds($0) })
        }
    }

    /// Decides about a response by its head: gathered when true, else its body comes piece by piece.
    var isGathered: (HTTPResponseHead) -> Bool = { _ in true }
    var onPiece: (UnsafeRawBufferPointer) -> Void = { _ in }
    var onResponse: (Response) -> Void = { _ in }
    /// A body that was not gathered has ended.
    var onEnd: () -> Void = {}
    /// The connection is of no use any more; not called after `close`.
    var onFailure: (ClientError) -> Void = { _ in }

    private var parser: HTTPResponseParser
    private var gathering: HTTPResponseHead?
    private var gathered: [UInt8] = []
    private var isOver = false

    init(bodyBytesMaximum: Int) {
        parser = HTTPResponseParser(bodyBytesMaximum: bodyBytesMaximum)
        super.init()
    }

    /// Lets go of everything; nothing is called any more.
    func forget() {
        isOver = true
        isGathered = { _ in true }
        onPiece = { _ in }
        onResponse = { _ in }
        onEnd = {}
        onFailure = { _ in }
    }

    override func received(_ bytes: UnsafeMutableRawBufferPointer, on connection: Connection) -> Int {
        var consumed = 0
        do throws(ClientError) {
            while !isOver {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[consumed...])
                let (count, event) = try parser.next(rest)
                consumed += count
                if event == .needMore, count == 0 { break }
                try take(event, rest)
            }
        } catch {
            fail(error, on: connection)
        }
        return isOver ? bytes.count : consumed
    }

    private func take(_ event: HTTPResponseParser.Event, _ bytes: UnsafeRawBufferPointer) throws(ClientError) {
        switch event {
        case .needMore: break
        case .head(let head): gathering = isGathered(head) ? head : nil
        case .body(let range):
            let piece = UnsafeRawBufferPointer(rebasing: bytes[range])
            guard gathering != nil else { return onPiece(piece) }
            guard gathered.count + piece.count <= Self.gatheredBytesMaximum else {
                throw .invalidMessage("a response of more than \(Self.gatheredBytesMaximum) bytes")
            }
            gathered.append(contentsOf: piece)
        case .end: finishResponse()
        }
    }

    private func finishResponse() {
        guard let head = gathering else { return onEnd() }
        let response = Response(head: head, body: gathered)
        gathering = nil
        gathered = []
        onResponse(response)
    }

    override func peerFinished(on connection: Connection) {
        if parser.mayEnd, !isOver { finishResponse() }
        fail(.unreachable("the server ended the connection"), on: connection)
    }

    override func deadlinePassed(on connection: Connection) {
        fail(.timedOut, on: connection)
    }

    override func closed(on connection: Connection) {
        fail(.unreachable("the connection broke"), on: connection)
    }

    private func fail(_ error: ClientError, on connection: Connection) {
        guard !isOver else { return connection.close() }
        let tell = onFailure
        forget()
        connection.close()
        tell(error)
    }
}
