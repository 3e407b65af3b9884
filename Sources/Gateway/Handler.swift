package import PylonHTTP

/// How a route answers.
package enum Handler: Sendable {
    /// At once, on the connection's loop: it must not block, and computes for microseconds.
    case immediate(@Sendable (Request) throws(APIError) -> HTTPResponse)
    /// Awaiting other threads, on the connection's loop between its waits, or on the cooperative pool when the body is large. It never blocks,
    /// and computes for microseconds.
    case asynchronous(@Sendable (Request) async throws(APIError) -> HTTPResponse)
    /// On the cooperative pool, awaiting other threads: for what may compute for longer. It never blocks.
    case background(@Sendable (Request) async throws(APIError) -> HTTPResponse)
    /// As `background`, but from the end of the head on: the handler reads the body while it arrives, as far as the route's limit.
    case streaming(@Sendable (Request, RequestBody) async throws(APIError) -> HTTPResponse)
    /// Later, through the exchange, from whatever thread has the answer; or by taking the connection over for an event stream. Called on
    /// the connection's loop.
    case exchange(@Sendable (Request, Exchange) throws(APIError) -> Void)
}

/// What a service does with a request to upgrade to WebSocket: the application to run on it, or why not. Called on the connection's
/// loop, before the handshake is accepted.
package typealias WebSocketFactory = @Sendable (Request) throws(APIError) -> any WebSocketApplication
