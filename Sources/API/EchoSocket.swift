package import PylonGateway
package import PylonHTTP
package import PylonNet
package import PylonWebSocket

/// What protocol conformance suites talk to (`--test-endpoints`): answers whole messages and bodies back.
package final class EchoSocket: WebSocketApplication {
    /// The path of both, on the main port.
    package static let path = "/__test__/echo"

    /// Up to 16 MiB a message, as the suites want it.
    package let limits: WebSocketLimits? = WebSocketLimits()

    package init() {}

    package static var table: [Route<Handler>] {
        [Route(.post, path, nil, access: .anyone, bodyLimit: .mebi(16), handler: .immediate(echo))]
    }

    private static func echo(_ request: Request) throws(APIError) -> HTTPResponse {
        let type = request.head.fields.first(.contentType) ?? "application/octet-stream"
        return HTTPResponse(.ok, contentType: type, body: .bytes(request.body))
    }

    package func opened(_ socket: WebSocketConnection, on connection: Connection) {}

    package func received(
        _ bytes: UnsafeRawBufferPointer, isText: Bool, socket: WebSocketConnection, on connection: Connection
    ) {
        socket.send(bytes, isText: isText)
    }

    package func closed(on connection: Connection) {}
}
