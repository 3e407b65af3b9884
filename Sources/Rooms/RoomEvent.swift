package import PylonJSON

/// Something that happened in a room, for those who are in it.
package struct RoomEvent: Hashable, Sendable {
    /// What happened.
    package enum Kind: String, Hashable, Sendable {
        case join, leave, presence, broadcast
    }

    package let kind: Kind
    package let room: String
    /// Who did it.
    package let userID: String
    /// What a broadcast is about; nil otherwise.
    package let topic: String?
    /// What was said, as JSON text; nil for nothing.
    package let data: [UInt8]?

    package init(_ kind: Kind, room: String, userID: String, topic: String? = nil, data: [UInt8]? = nil) {
        self.kind = kind
        self.room = room
        self.userID = userID
        self.topic = topic
        self.data = data
    }

    /// Writes it as clients get it (spec/realtime.md 6).
    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("type", kind.rawValue)
        json.member("room", room)
        if kind == .broadcast {
            json.member("sender", userID)
            json.member("topic", topic)
        } else {
            json.member("user_id", userID)
        }
        if let data {
            json.key("data")
            json.raw(data)
        }
        json.endObject()
    }
}
