package import PylonGateway
package import PylonHTTP
internal import PylonAuth
internal import PylonJSON
package import PylonRooms

/// Rooms and presence (spec/realtime.md 6). Guests take part; administrators may act for anybody, and look into rooms they are not in.
package struct RoomRoutes: Sendable {
    private let rooms: RoomDirectory

    package init(rooms: RoomDirectory) {
        self.rooms = rooms
    }

    package var table: [Route<Handler>] {
        [
            Route(
                .post, "/api/rooms/join", .joinRoom, access: .user, bodyLimit: .kibi(64), handler: .background(join)),
            Route(
                .post, "/api/rooms/leave", .leaveRoom, access: .user, bodyLimit: .kibi(64),
                handler: .background(leave)),
            Route(
                .post, "/api/rooms/presence", .setPresence, access: .user, bodyLimit: .kibi(64),
                handler: .background(setPresence)),
            Route(
                .post, "/api/rooms/broadcast", .broadcast, access: .user, bodyLimit: .kibi(64),
                handler: .background(broadcast)),
            Route(.get, "/api/rooms", .listRooms, access: .user, bodyLimit: .none, handler: .background(list)),
            Route(.get, "/api/rooms/:room", .getRoom, access: .user, bodyLimit: .none, handler: .background(show)),
        ]
    }

    private func join(_ request: Request) async throws(APIError) -> HTTPResponse {
        let call = try RoomCall(request, rooms.limits)
        let peers = try refusing { () throws(RoomError) in try rooms.join(call.userID, call.room, data: call.data) }
        var json = JSONWriter()
        json.beginObject()
        json.member("joined", call.room)
        json.key("snapshot")
        json.beginObject()
        json.member("type", "snapshot")
        json.member("room", call.room)
        json.key("peers")
        Self.write(peers, to: &json)
        json.endObject()
        json.endObject()
        return .json(.ok, json.finish())
    }

    private func leave(_ request: Request) async throws(APIError) -> HTTPResponse {
        let call = try RoomCall(request, rooms.limits)
        var json = JSONWriter()
        json.beginObject()
        json.member("left", call.room)
        json.member("was_present", rooms.leave(call.userID, call.room))
        json.endObject()
        return .json(.ok, json.finish())
    }

    private func setPresence(_ request: Request) async throws(APIError) -> HTTPResponse {
        let call = try RoomCall(request, rooms.limits)
        let data = call.data ?? Array("{}".utf8)
        let isSet = try refusing { () throws(RoomError) in
            try rooms.setPresence(call.userID, call.room, data: data)
        }
        return Self.outcome("updated", isSet ? nil : "not_in_room")
    }

    private func broadcast(_ request: Request) async throws(APIError) -> HTTPResponse {
        let call = try RoomCall(request, rooms.limits)
        guard let topic = try request.json().optionalString("topic"), !topic.isEmpty else { throw .missingTopic }
        guard topic.utf8.count <= rooms.limits.topicBytesMaximum else {
            throw .invalidField("topic", problem: "must have at most \(rooms.limits.topicBytesMaximum) bytes")
        }
        let outcome = try refusing { () throws(RoomError) in
            try rooms.broadcast(
                call.userID, call.room, topic: topic, data: call.data, mayBeOutside: request.identity.isAdmin)
        }
        switch outcome {
        case .sent: return Self.outcome("broadcasted", nil)
        case .roomEmpty: return Self.outcome("broadcasted", "room_empty")
        case .notInRoom: return Self.outcome("broadcasted", "not_in_room")
        }
    }

    /// The rooms that the caller is in; to administrators, all.
    private func list(_ request: Request) async throws(APIError) -> HTTPResponse {
        let identity = request.identity
        var json = JSONWriter()
        json.beginArray()
        for room in identity.isAdmin ? rooms.allRooms : rooms.rooms(of: identity.userID ?? "") {
            json.beginObject()
            json.member("members", room.members)
            json.member("name", room.name)
            json.endObject()
        }
        json.endArray()
        return .json(.ok, json.finish())
    }

    /// Who is in a room. To those who are not, it looks like one that does not exist.
    private func show(_ request: Request) async throws(APIError) -> HTTPResponse {
        let room = request.parameters["room"] ?? ""
        let identity = request.identity
        let members = rooms.members(of: room, seenBy: identity.userID ?? "", mayBeOutside: identity.isAdmin)
        var json = JSONWriter()
        json.beginObject()
        json.member("room", room)
        json.key("members")
        Self.write(members, to: &json)
        json.member("count", members.count)
        json.endObject()
        return .json(.ok, json.finish())
    }

    // MARK: Shared

    private func refusing<T>(_ body: () throws(RoomError) -> T) throws(APIError) -> T {
        do throws(RoomError) {
            return try body()
        } catch {
            throw .room(error)
        }
    }

    private static func write(_ peers: [RoomPeer], to json: inout JSONWriter) {
        json.beginArray()
        for peer in peers { peer.write(to: &json) }
        json.endArray()
    }

    private static func outcome(_ name: StaticString, _ reason: String?) -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.key(name)
        json.value(reason == nil)
        if let reason { json.member("reason", reason) }
        json.endObject()
        return .json(.ok, json.finish())
    }
}

/// What every call that changes something says: who, where, and perhaps what.
private struct RoomCall {
    let room: String
    let userID: String
    /// JSON text; nil when nothing is said.
    let data: [UInt8]?

    init(_ request: Request, _ limits: RoomLimits) throws(APIError) {
        let body = try request.json()
        guard let room = try body.optionalString("room"), !room.isEmpty else { throw .missingRoom }
        let maximum = limits.nameBytesMaximum
        guard room.isName(bytesMaximum: maximum) else {
            throw .invalidField("room", problem: "must have at most \(maximum) bytes, none of control")
        }
        self.room = room
        // Only administrators speak for others.
        let named = request.identity.isAdmin ? try body.optionalString("user_id") : nil
        userID = named ?? request.identity.userID ?? ""
        guard userID.isName(bytesMaximum: maximum) else {
            throw .invalidField("user_id", problem: "must have 1 to \(maximum) bytes, none of control")
        }
        data = body["data"].flatMap { $0.isNull ? nil : $0.serialized() }
    }
}
