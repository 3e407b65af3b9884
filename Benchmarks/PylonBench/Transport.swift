/// How frames travel to the clients.
enum Transport: String {
    case webSocket = "ws"
    case eventStream = "sse"
    /// WebSocket over a Unix socket.
    case unixSocket = "unix"

    /// Whether frames are WebSocket's rather than server-sent events.
    var isWebSocket: Bool { self != .eventStream }

    static func list(_ text: String) throws(BenchError) -> [Transport] {
        var transports: [Transport] = []
        for name in text.split(separator: ",") {
            guard let transport = Transport(rawValue: String(name)) else {
                throw .usage("--transport takes ws, sse and unix, not \(name)")
            }
            transports.append(transport)
        }
        return transports
    }
}
