package import PylonEventLoop
package import PylonNet

/// The subscribers that one hub has on one loop. The lists are the loop's alone; what others want done with them travels through the
/// lane.
package class Stripe: @unchecked Sendable {
    // Safety: the lists belong to the loop's thread (`assertOnLoop`). What subclasses add says for itself.

    package final let lane: Lane
    final let counters: FanoutCounters
    /// The subscribers by transport.
    final var lists: InlineArray<8, SubscriberList>

    /// What this kind of stripe carries.
    class var content: StripeContent { .snapshots }

    /// A stripe without subscribers whose frames or events travel through `lane`.
    package required init(lane: Lane, counters: FanoutCounters) {
        self.lane = lane
        self.counters = counters
        lists = InlineArray(repeating: SubscriberList(of: Self.content))
    }

    /// The loop that its subscribers belong to.
    package final var loop: EventLoop { lane.loop }

    // MARK: Any thread

    /// Runs `body` on the loop behind what was published so far and before what is published later: how a newcomer gets everything
    /// after its first frame. Lossless, see `Lane.perform`.
    package final func perform(_ body: @escaping @Sendable () -> Void) {
        lane.perform(body)
    }

    /// Ends the stream of every subscriber, behind what was published so far.
    package final func end(_ ending: StreamEnding) {
        lane.end(ending, of: self)
    }

    // MARK: On the loop

    /// Adds a subscriber. The connection must be removed before it is closed.
    package func attach(_ connection: Connection, as transport: Transports) {
        loop.assertOnLoop()
        lists[transport.listIndex].append(connection)
    }

    /// Takes a subscriber out. O(1).
    package func remove(_ connection: Connection, from transport: Transports) {
        loop.assertOnLoop()
        lists[transport.listIndex].remove(connection)
    }

    func endAll(_ ending: StreamEnding) {
        // Ending a stream may remove its connection from the lists. One that follows both state and events has been ended already.
        for connection in lists.indices.flatMap({ lists[$0].all }) where connection.isOpen {
            // Who has just lost the last events must not take this for the end of a complete stream.
            let ending = connection.hasLostEvents ? .tooSlow : ending
            (connection.handler as? StreamHandler)?.end(ending, on: connection)
        }
    }
}
