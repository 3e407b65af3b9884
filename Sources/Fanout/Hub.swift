package import PylonEventLoop
internal import PylonNet
internal import PylonTelemetry

/// Everyone who gets the same of one shard, its snapshots of one view or its events, spread over the loops. Owned by the shard's tick
/// worker, which alone calls it.
package final class Hub<Member: Stripe> {
    fileprivate let counters: FanoutCounters
    private let lanes: LaneSet
    /// By loop index; made when the first subscriber comes on that loop.
    fileprivate var members: [Members] = []

    fileprivate struct Members {
        let stripe: Member
        var counts = TransportCounts()
    }

    /// A hub whose frames travel through `lanes`, which all hubs of one shard share.
    package init(lanes: LaneSet, counters: FanoutCounters) {
        self.lanes = lanes
        self.counters = counters
    }

    package var isEmpty: Bool { members.allSatisfy(\.counts.isEmpty) }

    /// The transports that a frame must be encoded for now.
    package var transports: Transports {
        var transports: Transports = []
        for index in members.indices { transports.formUnion(members[index].counts.transports) }
        return transports
    }

    /// Counts a subscriber on `loop` in and returns the stripe it is to be attached to.
    package func admit(on loop: EventLoop, _ transport: Transports) -> Member {
        let index = memberIndex(on: loop)
        members[index].counts.change(transport, by: 1)
        return members[index].stripe
    }

    /// Counts a subscriber out.
    package func dismiss(from loop: EventLoop, _ transport: Transports) {
        members[memberIndex(on: loop)].counts.change(transport, by: -1)
    }

    /// Ends the stream for everyone.
    package func end(_ ending: StreamEnding) {
        for member in members {
            member.stripe.end(ending)
        }
    }

    private func memberIndex(on loop: EventLoop) -> Int {
        if let index = members.firstIndex(where: { $0.stripe.loop === loop }) { return index }
        members.append(Members(stripe: Member(lane: lanes.lane(to: loop), counters: counters)))
        return members.count - 1
    }
}

extension Hub<SnapshotStripe> {
    /// Hands a frame to every loop that has subscribers.
    package func publish(_ frame: Frame) {
        counters.framesBuilt.add()
        for member in members where !member.counts.isEmpty {
            member.stripe.publish(frame)
        }
    }
}

extension Hub<EventStripe> {
    /// Hands events to every loop that has subscribers.
    package func publish(_ batch: EventBatch) {
        for member in members where !member.counts.isEmpty {
            member.stripe.publish(batch)
        }
    }
}
