import PylonJSON
import PylonShardHost
import PylonSimulation
import PylonTestSupport
import PylonTime

/// A world that adds up what it is sent, and does what its subscribers' names and inputs ask of it.
struct LedgerWorld: Simulation {
    enum Input: Sendable {
        case add(Int)
        /// Moves the sender to another room, which is its view.
        case enter(Int)
        /// Broadcasts a number, and the tick at the end of the step.
        case say(Int)
        case finish
        case fail
    }

    struct Refusal: Error {}

    private var total = 0
    private var rooms: [SubscriberID: Int] = [:]
    private var hasSpoken = false
    private(set) var isFinished = false
    /// Hears of everyone who joins, and of everyone who leaves.
    var joined: Mailbox<SubscriberID>?
    var left: Mailbox<SubscriberID>?

    static func decodeInput(_ json: JSONValue) throws -> Input {
        if let room = json["enter"]?.int { return .enter(room) }
        if let number = json["say"]?.int { return .say(number) }
        if json["finish"] != nil { return .finish }
        if json["fail"] != nil { return .fail }
        guard let amount = json["add"]?.int else { throw Refusal() }
        return .add(amount)
    }

    mutating func apply(_ input: Input, from subscriber: SubscriberID, _ context: StepContext) throws {
        switch input {
        case .add(let amount): total += amount
        case .enter(let room): rooms[subscriber] = room
        case .say(let number):
            context.broadcast { $0.value("say \(number)") }
            hasSpoken = true
        case .finish: isFinished = true
        case .fail: throw Refusal()
        }
    }

    mutating func step(_ context: StepContext) {
        guard hasSpoken else { return }
        hasSpoken = false
        context.broadcast { $0.value("tick \(context.tick.number)") }
    }

    mutating func subscriberJoined(_ subscriber: SubscriberID) { joined?.put(subscriber) }

    mutating func subscriberLeft(_ subscriber: SubscriberID) { left?.put(subscriber) }

    func view(of subscriber: SubscriberID) -> Int { rooms[subscriber] ?? 0 }

    func authorizeInput(_ input: Input, from subscriber: SubscriberID, caller: Caller) -> Authorization {
        if case .add(let amount) = input, amount < 0 { return .refused(reason: "no debts") }
        return caller.owns(subscriber)
    }

    func writeSnapshot(of view: Int, _ context: SnapshotContext, into json: inout JSONWriter) {
        json.beginArray()
        json.value(view)
        json.value(total)
        json.endArray()
    }

    static let kind = ShardKind("ledger") { _ in LedgerWorld() }
}
