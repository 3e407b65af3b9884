/// What a world hands off in one step, until the step is over. Refuses at once what the ledger would refuse, so that the world keeps it.
final class HandoffOutbox {
    /// One thing that is to leave.
    struct Item {
        let payload: [UInt8]
        let subscriber: SubscriberID?
        let target: String
    }

    private(set) var items: [Item] = []
    /// Those who leave with something: their further inputs are for the target.
    private var leaving: Set<SubscriberID> = []
    /// How many were on their way before this step, at most.
    let countBefore: Int
    private let shard: String
    /// The targets that the ledger knows, and those that this step adds.
    private var targets: [String]

    init(_ ledger: HandoffLedger) {
        shard = ledger.party.shard
        countBefore = ledger.outboxCount
        targets = ledger.lanes.map(\.target)
    }

    func append(_ item: Item) throws(HandoffError) {
        guard item.target != shard else { throw .sameShard }
        guard (1...HandoffParty.nameBytesMaximum).contains(item.target.utf8.count) else { throw .targetInvalid }
        guard item.payload.count <= Handoff.payloadBytesMaximum else { throw .payloadTooLarge }
        guard countBefore + items.count < HandoffLedger.outboxMaximum else { throw .outboxFull }
        if !targets.contains(item.target) {
            guard targets.count < HandoffLedger.partiesMaximum else { throw .tooManyTargets }
            targets.append(item.target)
        }
        items.append(item)
        if let subscriber = item.subscriber { leaving.insert(subscriber) }
    }

    /// Whether something of `subscriber` leaves in this step.
    func isLeaving(_ subscriber: SubscriberID) -> Bool { !leaving.isEmpty && leaving.contains(subscriber) }

    /// Takes back what was handed off behind the first `count`.
    func truncate(to count: Int) {
        guard count < items.count else { return }
        items.removeLast(items.count - count)
        leaving = Set(items.compactMap(\.subscriber))
    }
}
