import PylonJSON
import PylonShardHost
import PylonSimulation
import PylonTime

/// A world whose state is long and the same but for a few digits, another in every room; it changes when somebody joins, too.
struct PaperWorld: Simulation {
    static let kind = ShardKind("paper") { _ in PaperWorld() }

    private var joins = 0
    private var rooms: [SubscriberID: Int] = [:]

    static func decodeInput(_ json: JSONValue) throws -> Int {
        guard let room = json["enter"]?.int else { throw LedgerWorld.Refusal() }
        return room
    }

    mutating func apply(_ room: Int, from subscriber: SubscriberID, _ context: StepContext) {
        rooms[subscriber] = room
    }

    mutating func step(_ context: StepContext) {}

    mutating func subscriberJoined(_ subscriber: SubscriberID) { joins += 1 }

    func view(of subscriber: SubscriberID) -> Int { rooms[subscriber] ?? 0 }

    func writeSnapshot(of room: Int, _ context: SnapshotContext, into json: inout JSONWriter) {
        json.raw(Array(Self.state(room: room, tick: Int(context.tick.number), joins: joins).utf8))
    }

    /// The state of a room, to the letter.
    static func state(room: Int, tick: Int, joins: Int) -> String {
        let letter = String(UnicodeScalar(UInt8(ascii: "a") + UInt8(room % 26)))
        let padding = String(repeating: letter, count: 300)
        return #"{"front":"\#(padding)","room":\#(room),"tick":\#(tick),"joins":\#(joins),"back":"\#(padding)"}"#
    }

    /// Whether a text is the state of some room, whole and unmixed.
    static func isState(_ text: String, tick: UInt64) -> Bool {
        guard let json = try? JSONParser.parse(text), let room = json["room"]?.int, let joins = json["joins"]?.int
        else {
            return false
        }
        return text == state(room: room, tick: Int(tick), joins: joins)
    }
}
