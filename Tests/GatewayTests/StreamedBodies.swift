internal import PylonGateway
internal import PylonHTTP
internal import PylonTestSupport
internal import Synchronization

/// Routes whose bodies a test makes or reads piece by piece: `GET /pieces` and `POST /read`.
final class StreamedBodies: Sendable {
    /// The sources that were asked for, by request.
    let sources = Mailbox<ScriptedSource>()
    /// The bodies that handlers are to read, by request.
    let bodies = Mailbox<RequestBody>()
    /// What those handlers are to answer with.
    let answers = Mailbox<HTTPStatus>()

    var table: [Route<Handler>] {
        let pieces = Handler.immediate { [sources] (_) throws(APIError) in
            let source = ScriptedSource()
            sources.put(source)
            return HTTPResponse(.ok, contentType: "text/plain", body: .pieces(source))
        }
        let read = Handler.streaming { [bodies, answers] (_, body) throws(APIError) in
            bodies.put(body)
            let status = await answers.taken()
            return HTTPResponse(status, contentType: "text/plain", body: .text("read"))
        }
        return [
            Route(.get, "/pieces", nil, access: .anyone, bodyLimit: .none, handler: pieces),
            Route(.post, "/read", nil, access: .anyone, bodyLimit: .mebi(64), handler: read),
        ]
    }
}

/// A body whose pieces a test puts in.
final class ScriptedSource: HTTPBodySource {
    private let pieces = Mailbox<HTTPBodyPiece>()
    let asked = Mailbox<Bool>()
    let closed = Mailbox<Bool>()

    func put(_ piece: HTTPBodyPiece) { pieces.put(piece) }

    func next() async -> HTTPBodyPiece {
        asked.put(true)
        return await pieces.taken()
    }

    func close() { closed.put(true) }
}

extension Mailbox {
    /// The oldest element, once there is one, without blocking the cooperative pool for long: tests put it in at once.
    fileprivate func taken() async -> Element {
        while true {
            if let element = try? take(1, within: 0).first { return element }
            await Task.yield()
        }
    }
}

extension RequestBody {
    /// All of the rest, or what became of it.
    func rest() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try await next() { bytes += piece }
        return bytes
    }
}
