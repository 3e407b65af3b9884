package import PylonEventStream

/// A reader of server-sent events in the hands of a test.
package final class EventStreamClient {
    package let http: HTTPClient
    /// The response's head.
    package let head: HTTPMessage
    private var parser = EventStreamParser()
    private var pending: [EventStreamParser.Event] = []
    private var isOver = false

    /// Asks for `target` and reads the head; the status says whether it is a stream.
    package convenience init(port: UInt16, _ target: String, token: String?, fields: [String] = []) throws {
        try self.init(over: try TestSocket(port: port), target, token: token, fields: fields)
    }

    /// Asks over `socket`, which is connected.
    package init(over socket: TestSocket, _ target: String, token: String?, fields: [String] = []) throws {
        http = HTTPClient(over: socket)
        try http.send("GET", target, token: token, fields: ["Accept: text/event-stream"] + fields)
        head = try http.readHead()
    }

    /// The next event, waiting for it; nil at the end of the body.
    package func next() throws -> EventStreamParser.Event? {
        while pending.isEmpty {
            guard !isOver, let chunk = try http.readChunk() else {
                isOver = true
                return nil
            }
            pending += try parser.feed(chunk)
        }
        return pending.removeFirst()
    }
}
