internal import PylonEventLoop
package import PylonHTTP
internal import PylonNet
package import PylonShardHost

/// A request that has not been answered yet. Any thread may answer it, once; later answers are ignored, and so is any after the
/// connection has closed.
package struct Exchange: @unchecked Sendable {
    // Safety: `http` is touched on the connection's loop only, which every method goes to first.

    private let http: HTTPConnection
    private let connection: ConnectionReference
    private let number: UInt64
    package let service: HTTPService

    init(http: HTTPConnection, connection: Connection, number: UInt64, service: HTTPService) {
        self.http = http
        self.connection = ConnectionReference(connection)
        self.number = number
        self.service = service
    }

    /// The connection, for handlers that subscribe it to something.
    package var reference: ConnectionReference { connection }

    /// Answers.
    package func respond(_ response: HTTPResponse) {
        if connection.loop.isCurrent {
            return http.respond(response, number: number, on: connection.onLoop)
        }
        connection.loop.submit { [self] in
            http.respond(response, number: number, on: connection.onLoop)
        }
    }

    /// Goes on with the answer's body.
    func send(_ piece: HTTPBodyPiece) {
        connection.loop.submit { [self] in
            http.send(piece, number: number, on: connection.onLoop)
        }
    }

    /// Answers with an error.
    package func fail(_ error: APIError) {
        respond(ErrorBody.response(for: error))
    }

    /// Answers with the head of an event stream, which `stream` goes on with. On the connection's loop; false when the connection is
    /// gone.
    package func beginEventStream(_ stream: EventStreamConnection) -> Bool {
        http.stream(Self.eventStreamHead, number: number, to: stream, on: connection.onLoop)
    }

    /// The head of every event stream, by itself the answer to HEAD.
    package static var eventStreamHead: HTTPResponse {
        var response = HTTPResponse(.ok, contentType: "text/event-stream", body: .stream)
        response.fields[.cacheControl] = "no-cache"
        // nginx holds responses back unless told otherwise.
        response.fields["X-Accel-Buffering"] = "no"
        return response
    }
}
