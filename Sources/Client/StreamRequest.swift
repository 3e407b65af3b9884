internal import PylonBytes

/// What a stream is asked for, once everything about it is known.
struct StreamRequest {
    /// The subprotocol of stream v2.
    static let subprotocol = "pylon.v2"

    let shard: String
    let query: [(name: String, value: String)]
    let token: String?
    let host: String
    let prefersVersion2: Bool
    let compresses: Bool
    let messageBytesMaximum: Int

    /// The target of a WebSocket's handshake.
    var webSocketTarget: String { "/?" + Self.encode([("shard", shard)] + query) }

    /// The target of an event stream.
    var eventStreamTarget: String {
        let query = query + (prefersVersion2 ? [("proto", "2")] : [])
        return path + "/connect" + (query.isEmpty ? "" : "?" + Self.encode(query))
    }

    /// The target that inputs are posted to.
    var inputTarget: String { path + "/input" }

    /// The name under which inputs are posted; nil for the caller's own.
    var subscriber: String? { query.first { $0.name == "sid" }?.value }

    private var path: String { "/api/shards/" + PercentCoding.encode(shard) }

    private static func encode(_ query: [(name: String, value: String)]) -> String {
        query.map { "\(PercentCoding.encode($0.name))=\(PercentCoding.encode($0.value))" }.joined(separator: "&")
    }
}
