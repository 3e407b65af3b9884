internal import PylonFanout
internal import PylonGateway
internal import PylonHTTP
internal import PylonShardHost
internal import PylonSimulation

extension ShardStream {
    /// What a request to upgrade asks for: `stream=events` with an optional `resume=<seq>`, else snapshots, for which a `resume=<tick>`
    /// is checked and of no further use: the newest state comes at once. Throws `APIError.invalidField`.
    init(upgrade request: Request) throws(APIError) {
        let query = request.head.query(plusAsSpace: true)
        let cursor = try query.first("resume").map { (text) throws(APIError) in try EventCursor(wire: text) }
        switch query.first("stream") {
        case nil, "snapshots": self = .snapshots
        case "events": self = .events(after: cursor)
        default: throw .invalidField("stream", problem: "must be \"snapshots\" or \"events\"")
        }
    }
}

extension SessionOptions {
    /// What the query of a request for stream v2 asks for: `events=1` with an optional `resume_events=<seq>`, `deltas=1`, and
    /// `resume_token=<token>`. Throws `APIError.invalidField`.
    init(_ query: (String) -> String?) throws(APIError) {
        self.init()
        followsEvents = try Self.flag("events", query)
        takesDeltas = try Self.flag("deltas", query)
        if let text = query("resume_events") {
            eventCursor = try EventCursor(wire: text, field: "resume_events")
        }
        if let text = query("resume_token") {
            guard let token = ResumeToken(text) else {
                throw .invalidField("resume_token", problem: "must be 32 hexadecimal digits")
            }
            resumeToken = token
        }
        let stream = query("stream") ?? "snapshots"
        guard stream == "snapshots" else {
            throw .invalidField("stream", problem: "is of stream v1: ask for events=1")
        }
    }

    private static func flag(_ name: String, _ query: (String) -> String?) throws(APIError) -> Bool {
        switch query(name) {
        case nil, "0": false
        case "1": true
        default: throw .invalidField(name, problem: "must be 0 or 1")
        }
    }
}

extension Request {
    /// The last event that the client has: the field that browsers send when they reconnect by themselves, else the query's `resume`,
    /// which the page chose when it first connected. Throws `APIError.invalidField`.
    func eventCursor() throws(APIError) -> EventCursor? {
        guard let text = head.fields.first("Last-Event-ID") ?? query("resume") else { return nil }
        return try EventCursor(wire: text)
    }
}

extension EventCursor {
    /// Takes a cursor from the wire: a whole number of up to 19 decimal digits.
    fileprivate init(wire text: String, field: String = "resume") throws(APIError) {
        guard (1...19).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = UInt64(text)
        else { throw .invalidField(field, problem: "must be the number of the last event received") }
        self.init(number)
    }
}

extension APIError {
    /// What a shard's refusal of a subscriber means to a client.
    init(refused error: ShardError) {
        if case .resyncRequired(let oldest) = error {
            self = .resyncRequired(oldest: oldest)
        } else {
            self = .subscribeRefused(error)
        }
    }
}
