internal import PylonBytes
internal import PylonEventStream
internal import PylonNet

/// A shard's stream as server-sent events, with inputs going up by POST. On the client's loop.
final class EventStreamLink: StreamLink {
    private let request: StreamRequest
    private unowned let owner: any StreamLinkOwner
    private let poster: InputPoster
    private let reader = ResponseReader(bodyBytesMaximum: .max)
    private var parser: EventStreamParser
    private weak var connection: Connection?
    private var isOver = false

    init(_ request: StreamRequest, poster: InputPoster, owner: any StreamLinkOwner) {
        self.request = request
        self.owner = owner
        self.poster = poster
        parser = EventStreamParser(bytesMaximum: request.messageBytesMaximum)
    }

    func begin(on connection: Connection) -> ConnectionHandler {
        self.connection = connection
        reader.isGathered = { [unowned self] head in
            guard head.status == 200 else { return true }
            owner.link(self, openedAs: request.prefersVersion2 ? nil : false)
            return false
        }
        reader.onPiece = { [unowned self] in take($0) }
        reader.onResponse = { [unowned self] in end($0.refusal) }
        reader.onEnd = { [unowned self] in end(.finished) }
        reader.onFailure = { [unowned self] in end(.broken($0)) }
        let bytes = RequestText.make(
            "GET", request.eventStreamTarget, host: request.host, token: request.token,
            fields: [("Accept", "text/event-stream"), ("Cache-Control", "no-store")])
        connection.write { $0.append(bytes) }
        return reader
    }

    /// Only inputs have a way up: what else a client says helps it to keep time and to save bytes, which this way does not offer.
    func send(_ bytes: [UInt8], isText: Bool) -> Bool {
        !isOver && isText && poster.post(bytes)
    }

    func sendAgain(_ input: [UInt8]) {
        _ = poster.post(input, isBounded: false)
    }

    func close() {
        guard !isOver else { return }
        isOver = true
        reader.forget()
        connection?.close()
        poster.close()
    }

    private func take(_ piece: UnsafeRawBufferPointer) {
        do throws(EventStreamParser.TooLong) {
            try parser.feed(piece.bindMemory(to: UInt8.self).span) { event in
                guard !isOver else { return }
                var data = event.data
                data.withUTF8 { text in
                    let message = Self.read(event, UnsafeRawBufferPointer(text))
                    owner.link(self, received: message, bytesCount: text.count)
                }
            }
        } catch {
            end(.broken(.invalidMessage("an event of more than \(request.messageBytesMaximum) bytes")))
        }
    }

    private static func read(
        _ event: EventStreamParser.Event, _ data: UnsafeRawBufferPointer
    ) -> Result<IncomingMessage, ClientError> {
        do throws(ClientError) {
            return .success(try IncomingMessage(eventName: event.name, id: event.lastEventID, data: data))
        } catch {
            return .failure(error)
        }
    }

    private func end(_ ending: StreamEnding) {
        guard !isOver else { return }
        close()
        owner.link(self, ended: ending)
    }
}
