internal import PylonNet
internal import PylonTime

/// An open way to a shard: what it carries up, and how it is left. On the client's loop.
protocol StreamLink: AnyObject {
    /// The protocol to give to the connection once it is there; it sends the request.
    func begin(on connection: Connection) -> ConnectionHandler
    /// Sends a message; false when it cannot be carried or so much waits already.
    func send(_ bytes: [UInt8], isText: Bool) -> Bool
    /// Sends an input that did not arrive on an earlier stream, however much waits: what is sent again is bounded already, and newer inputs must
    /// not overtake it.
    func sendAgain(_ input: [UInt8])
    /// Leaves: says goodbye where that is possible. The owner hears nothing more.
    func close()
}

/// What a link tells whoever opened it. On the client's loop; after `ended` nothing comes.
protocol StreamLinkOwner: AnyObject {
    /// The server has agreed; `isV2` is nil where only the first message tells.
    func link(_ link: any StreamLink, openedAs isV2: Bool?)
    /// A message came, of `bytesCount` bytes; an error where it cannot be read. Valid during the call.
    func link(_ link: any StreamLink, received message: Result<IncomingMessage, ClientError>, bytesCount: Int)
    func link(_ link: any StreamLink, ended: StreamEnding)
}

/// The bytes of a request.
enum RequestText {
    /// A whole request; `fields` and `target` hold nothing that could end a line.
    static func make(
        _ method: String, _ target: String, host: String, token: String?, fields: [(name: String, value: String)] = [],
        body: [UInt8]? = nil
    ) -> [UInt8] {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        for field in fields { head += "\(field.name): \(field.value)\r\n" }
        if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
        return Array((head + "\r\n").utf8) + (body ?? [])
    }
}
