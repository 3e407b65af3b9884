import PylonBytes
import PylonJSON
import PylonTelemetry
import PylonThreading
import PylonTime
import Testing

@testable import PylonRooms

@Suite struct RoomDirectoryTests {
    /// Rooms whose events are kept.
    private final class Fixture: Sendable {
        let clock = ManualClock()
        let rooms: RoomDirectory
        private let log: EventLog

        final class EventLog: Sendable {
            let events = Lock<[RoomEvent]>([])
        }

        init(_ configure: (inout RoomLimits) -> Void = { _ in }) {
            var limits = RoomLimits()
            configure(&limits)
            let log = EventLog()
            self.log = log
            rooms = RoomDirectory(limits: limits, clock: clock) { event in log.events.withLock { $0.append(event) } }
        }

        /// The events since this was last asked, as clients get them.
        func events() -> [JSONValue] {
            let events = log.events.withLock { events in
                defer { events = [] }
                return events
            }
            return events.compactMap { event in
                var json = JSONWriter()
                event.write(to: &json)
                return try? JSONParser.parse(json.text)
            }
        }

        func names(_ room: String, seenBy user: String, mayBeOutside: Bool = false) -> [String] {
            rooms.members(of: room, seenBy: user, mayBeOutside: mayBeOutside).map(\.userID)
        }
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func whoJoinsSeesThoseBefore() throws {
        let fixture = Fixture()
        let rooms = fixture.rooms
        #expect(try rooms.join("b", "lobby", data: bytes(#"{"color":"red"}"#)).isEmpty)
        #expect(try rooms.join("a", "lobby", data: nil).map(\.userID) == ["b"])
        // Joining again replaces what is said, and keeps the place.
        #expect(try rooms.join("b", "lobby", data: bytes("1")).map(\.userID) == ["b", "a"])
        #expect(rooms.members(of: "lobby", seenBy: "a", mayBeOutside: false).map(\.data) == [bytes("1"), nil])
        #expect(
            fixture.events() == [
                ["type": "join", "room": "lobby", "user_id": "b", "data": ["color": "red"]],
                ["type": "join", "room": "lobby", "user_id": "a"],
                ["type": "join", "room": "lobby", "user_id": "b", "data": 1],
            ])
        #expect(rooms.leave("b", "lobby"))
        #expect(!rooms.leave("b", "lobby"))
        #expect(fixture.events() == [["type": "leave", "room": "lobby", "user_id": "b"]])
        #expect(rooms.leave("a", "lobby"))
        #expect(rooms.roomCount == 0 && rooms.membershipCount == 0)
        #expect(rooms.counters.events.value == 5)
    }

    @Test func presenceAndBroadcastsAreEvents() throws {
        let fixture = Fixture()
        let rooms = fixture.rooms
        _ = try rooms.join("a", "lobby", data: nil)
        _ = fixture.events()
        #expect(try rooms.setPresence("a", "lobby", data: bytes(#"{"cursor":3}"#)))
        #expect(try rooms.broadcast("a", "lobby", topic: "typing", data: bytes("true"), mayBeOutside: false) == .sent)
        #expect(
            fixture.events() == [
                ["type": "presence", "room": "lobby", "user_id": "a", "data": ["cursor": 3]],
                ["type": "broadcast", "room": "lobby", "sender": "a", "topic": "typing", "data": true],
            ])
    }

    @Test func defect24WhoIsNotInARoomNeitherSeesItNorSpeaksThere() throws {
        let fixture = Fixture()
        let rooms = fixture.rooms
        _ = try rooms.join("a", "lobby", data: nil)
        _ = try rooms.join("b", "cellar", data: nil)
        _ = fixture.events()
        #expect(fixture.names("lobby", seenBy: "b") == [])
        #expect(fixture.names("lobby", seenBy: "admin", mayBeOutside: true) == ["a"])
        #expect(rooms.rooms(of: "b").map(\.name) == ["cellar"])
        #expect(rooms.allRooms.map(\.name) == ["cellar", "lobby"])
        #expect(try rooms.broadcast("b", "lobby", topic: "t", data: nil, mayBeOutside: false) == .notInRoom)
        #expect(try rooms.broadcast("b", "none", topic: "t", data: nil, mayBeOutside: false) == .notInRoom)
        #expect(try rooms.broadcast("admin", "none", topic: "t", data: nil, mayBeOutside: true) == .roomEmpty)
        #expect(try !rooms.setPresence("b", "lobby", data: bytes("{}")))
        #expect(fixture.events() == [])
        #expect(try rooms.broadcast("admin", "lobby", topic: "t", data: nil, mayBeOutside: true) == .sent)
    }

    @Test func defect15WhoGivesNoSignOfLifeLeaves() throws {
        let fixture = Fixture()
        let rooms = fixture.rooms
        for user in ["idle", "joins", "says", "speaks", "polls", "lists"] { _ = try rooms.join(user, "r", data: nil) }
        fixture.clock.advance(by: .seconds(119))
        #expect(rooms.sweep() == 0)
        _ = try rooms.join("joins", "r", data: nil)
        _ = try rooms.setPresence("says", "r", data: bytes("{}"))
        _ = try rooms.broadcast("speaks", "r", topic: "t", data: nil, mayBeOutside: false)
        _ = rooms.members(of: "r", seenBy: "polls", mayBeOutside: false)
        _ = rooms.rooms(of: "lists")
        _ = fixture.events()
        fixture.clock.advance(by: .seconds(1))
        #expect(rooms.sweep() == 1)
        #expect(fixture.events() == [["type": "leave", "room": "r", "user_id": "idle"]])
        #expect(fixture.names("r", seenBy: "polls") == ["joins", "says", "speaks", "polls", "lists"])
        fixture.clock.advance(by: .seconds(120))
        #expect(rooms.sweep() == 5)
        #expect(fixture.events().count == 5)
        #expect(rooms.roomCount == 0)
        #expect(rooms.counters.evicted.value == 6)
    }

    @Test func aSweepIsBounded() throws {
        let fixture = Fixture()
        for number in 0..<600 { _ = try fixture.rooms.join("u\(number)", "r", data: nil) }
        fixture.clock.advance(by: .seconds(120))
        #expect((0..<4).map { _ in fixture.rooms.sweep() } == [256, 256, 88, 0])
        #expect(fixture.events().count == 1200)
    }

    // MARK: Limits

    @Test func roomsAndMembersAreLimited() throws {
        let rooms = Fixture {
            $0.roomsMaximum = 2
            $0.membersMaximum = 2
            $0.membershipsMaximum = 3
        }.rooms
        _ = try rooms.join("a", "1", data: nil)
        _ = try rooms.join("a", "2", data: nil)
        #expect(throws: RoomError.tooManyRooms(maximum: 2)) { try rooms.join("a", "3", data: nil) }
        _ = try rooms.join("b", "1", data: nil)
        #expect(throws: RoomError.roomFull) { try rooms.join("c", "1", data: nil) }
        #expect(throws: RoomError.outOfRoom) { try rooms.join("c", "2", data: nil) }
        // Whoever is in may come again.
        _ = try rooms.join("b", "1", data: bytes("1"))
        #expect(rooms.leave("a", "2"))
        _ = try rooms.join("c", "3", data: nil)
        #expect(rooms.counters.refused.value == 3)
    }

    @Test func theRoomsOfAUserAreLimited() throws {
        let rooms = Fixture { $0.roomsPerUserMaximum = 2 }.rooms
        _ = try rooms.join("a", "1", data: nil)
        _ = try rooms.join("a", "2", data: nil)
        #expect(throws: RoomError.tooManyRoomsOfUser(maximum: 2)) { try rooms.join("a", "3", data: nil) }
        _ = try rooms.join("b", "3", data: nil)
    }

    @Test func whatIsSaidIsLimited() throws {
        let fixture = Fixture {
            $0.dataBytesMaximum = 10
            $0.roomBytesMaximum = 15
            $0.bytesMaximum = 20
        }
        let rooms = fixture.rooms
        let text = { [UInt8](repeating: UInt8(ascii: "1"), count: $0) }
        #expect(throws: RoomError.dataTooLarge(maximum: 10)) { try rooms.join("a", "1", data: text(11)) }
        _ = try rooms.join("a", "1", data: text(10))
        #expect(throws: RoomError.roomFull) { try rooms.join("b", "1", data: text(6)) }
        _ = try rooms.join("b", "1", data: text(5))
        #expect(throws: RoomError.roomFull) { try rooms.setPresence("b", "1", data: text(6)) }
        #expect(throws: RoomError.outOfRoom) { try rooms.join("c", "2", data: text(6)) }
        #expect(try rooms.setPresence("a", "1", data: text(1)))
        _ = try rooms.join("c", "2", data: text(10))
        #expect(throws: RoomError.dataTooLarge(maximum: 10)) {
            try rooms.broadcast("a", "1", topic: "t", data: text(11), mayBeOutside: false)
        }
        for user in ["a", "b"] { #expect(rooms.leave(user, "1")) }
        #expect(rooms.leave("c", "2"))
        _ = try rooms.join("d", "4", data: text(10))
        #expect(fixture.names("4", seenBy: "d") == ["d"])
    }

    @Test func namesThatOnlyLookAlikeAreDifferent() throws {
        let fixture = Fixture()
        _ = try fixture.rooms.join("\u{E9}", "r", data: nil)
        #expect(fixture.names("r", seenBy: "e\u{301}") == [])
        #expect(fixture.rooms.allRooms.count == 1)
    }

    /// Whatever threads do, each user's joins and leaves come in turns.
    @Test func eventsKeepTheirOrder() async throws {
        let fixture = Fixture()
        await withTaskGroup(of: Void.self) { group in
            for user in 0..<8 {
                group.addTask {
                    for _ in 0..<200 {
                        _ = try? fixture.rooms.join("u\(user % 4)", "r", data: nil)
                        _ = fixture.rooms.leave("u\(user % 4)", "r")
                    }
                }
            }
        }
        var isIn: [String: Bool] = [:]
        for event in fixture.events() {
            let user = event["user_id"]?.string ?? ""
            if event["type"] == "leave" { #expect(isIn[user] == true) }
            isIn[user] = event["type"] == "join"
        }
        #expect(isIn.values.allSatisfy { !$0 })
        #expect(fixture.rooms.membershipCount == 0)
    }
}
