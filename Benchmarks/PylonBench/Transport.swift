/// How frames travel to the clients.
enum Transport: String {
    case webSocket = "ws"
    case eventStream = "sse"

    static func list(_ text: String) throws(BenchError) -> [Transport] {
        var transports: [Transport] = []
        for name in text.split(separator: ",") {
            guard let transport = Transport(rawValue: String(name)) else {
                throw .usage("--transport takes ws and sse, not \(name)")
            }
            transports.append(transport)
        }
        return transports
    }
}
