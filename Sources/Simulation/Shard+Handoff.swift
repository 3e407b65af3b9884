internal import PylonTime

/// What a step came to, as far as it touches other shards. What is to be sent goes out when the step is durable.
package struct HandoffResults: Sendable {
    /// What was put into the outbox.
    package var staged: [Handoff] = []
    /// Answers, those to what comes again included.
    package var replies: [HandoffReply] = []
    /// What others have taken in: the streams of its subscribers go there.
    package var departed: [Handoff] = []
    /// Subscribers who came along with something: each has a seat here now, which counts as a connection until `detach`.
    package var arrived: [SubscriberID] = []
    /// What was taken in.
    package var received = 0
    /// What was refused here.
    package var refused = 0
    /// What others had refused and the world took back.
    package var takenBack = 0

    package var isEmpty: Bool {
        staged.isEmpty && replies.isEmpty && departed.isEmpty && arrived.isEmpty && received + refused + takenBack == 0
    }
}

/// Why an input was not applied: what its sender plays has left in the same step.
package struct HandoffUnderWay: Error {}

/// The step that is being taken.
struct CurrentStep {
    let context: StepContext
    let events: EventOutbox
    let handoffs: HandoffOutbox?
}

extension Shard {
    /// Whether something of `subscriber` is on its way to another shard, which therefore gets its next inputs.
    package func isDeparting(_ subscriber: SubscriberID) -> Bool { departing[subscriber] != nil }

    /// Whether the world takes part in hand-offs.
    package var handsOff: Bool { handoffHooks != nil }

    /// Gives the shard its incarnation, unless it came back with one.
    package mutating func begin(incarnation: UInt64) { ledger.begin(incarnation: incarnation) }

    mutating func noteDeparture(of subscriber: SubscriberID?, _ change: Int) {
        guard let subscriber else { return }
        let count = departing[subscriber, default: 0] + change
        departing[subscriber] = count > 0 ? count : nil
    }

    /// Puts what the step handed off into the outbox.
    mutating func stage(_ outbox: HandoffOutbox) {
        for item in outbox.items {
            do throws(HandoffError) {
                let handoff = try ledger.stage(
                    item.payload, subscriber: item.subscriber,
                    acknowledgement: item.subscriber.flatMap { acknowledgements[$0] }, to: item.target)
                handoffResults.staged.append(handoff)
                noteDeparture(of: item.subscriber, 1)
            } catch {
                preconditionFailure("the outbox of the step took what the ledger refuses: \(error)")
            }
        }
    }

    mutating func take(_ event: HandoffEvent, _ step: CurrentStep) {
        switch event {
        case .arrival(let handoff): take(handoff, step)
        case .reply(let reply): take(reply, step)
        }
    }

    private mutating func take(_ handoff: Handoff, _ step: CurrentStep) {
        guard handoff.target == ledger.party.shard else { return }
        switch ledger.receive(handoff) {
        case .early: break
        case .known(let reply): handoffResults.replies.append(reply)
        case .new:
            let outcome = admit(handoff, step)
            if outcome == .accepted { handoffResults.received += 1 } else { handoffResults.refused += 1 }
            handoffResults.replies.append(ledger.conclude(handoff, outcome))
        }
    }

    private mutating func admit(_ handoff: Handoff, _ step: CurrentStep) -> HandoffOutcome {
        guard let handoffHooks else { return .refused(reason: "this kind of shard takes nothing in") }
        if let subscriber = handoff.subscriber {
            // The source vouches for it; nobody knows here how its connections are signed in.
            let caller = Caller(userID: subscriber.name, isAdmin: false)
            if case .refused(let reason) = world.authorizeSubscribe(subscriber, caller: caller) {
                return .refused(reason: Self.shortened(reason))
            }
            let connectionsMaximum = configuration.subscribersMaximum
            guard hasPlace(for: subscriber, as: .player), connections.count < Self.subscribersSavedMaximum,
                connectionsMaximum == 0 || connectionCount < connectionsMaximum
            else { return .refused(reason: "the shard is full") }
        }
        let (eventsBefore, handoffsBefore) = (step.events.count, step.handoffs?.items.count ?? 0)
        do {
            try handoffHooks.receive(&world, handoff, step.context)
        } catch {
            step.events.truncate(to: eventsBefore)
            step.handoffs?.truncate(to: handoffsBefore)
            return .refused(reason: Self.shortened((error as? any CustomStringConvertible)?.description ?? "refused"))
        }
        if let subscriber = handoff.subscriber { welcome(subscriber, handoff.acknowledgement) }
        return .accepted
    }

    /// Gives a subscriber who came along a seat until its streams are here, and lets the numbers of its inputs go on.
    private mutating func welcome(_ subscriber: SubscriberID, _ carried: Acknowledgement?) {
        attach(subscriber)
        handoffResults.arrived.append(subscriber)
        guard let number = carried?.clientSequence, number > acknowledgements[subscriber]?.clientSequence ?? 0 else {
            return
        }
        // No input of this shard has that number.
        acknowledgements[subscriber] = Acknowledgement(serverSequence: 0, clientSequence: number, tick: tick)
    }

    private mutating func take(_ reply: HandoffReply, _ step: CurrentStep) {
        guard let handoff = ledger.awaited(reply) else { return }
        _ = ledger.settle(reply)
        noteDeparture(of: handoff.subscriber, -1)
        switch reply.outcome {
        case .accepted:
            if let subscriber = handoff.subscriber, !isDeparting(subscriber) {
                ledger.departures.put(handoff.target, for: subscriber)
            }
            handoffResults.departed.append(handoff)
        case .refused(let reason):
            handoffResults.takenBack += 1
            handoffHooks?.takeBack(&world, handoff, reason, step.context)
        }
    }

    // MARK: Behind the end

    /// The world is over for good; what it handed off is not.
    package mutating func conclude() { isConcluded = true }

    /// What came of an event behind the end.
    package enum LateResult {
        case nothing
        /// The other side hears this.
        case answer(HandoffReply)
        /// The target refused it, and there is no world any more to take it back.
        case lost(Handoff)
    }

    /// Takes what comes from another shard when the world is over: nothing arrives any more, what has arrived is answered again.
    package mutating func settle(_ event: HandoffEvent) -> LateResult {
        precondition(isConcluded, "the world is still to be told")
        switch event {
        case .reply(let reply): return ledger.settle(reply).map { .lost($0.handoff) } ?? .nothing
        case .arrival(let handoff):
            guard handoff.target == ledger.party.shard else { return .nothing }
            switch ledger.receive(handoff) {
            case .early: return .nothing
            case .known(let reply): return .answer(reply)
            case .new: return .answer(ledger.conclude(handoff, .refused(reason: "the shard has ended")))
            }
        }
    }

    /// At most so many bytes of a reason, at a character's end.
    private static func shortened(_ reason: String) -> String {
        var reason = reason
        while reason.utf8.count > HandoffReply.reasonBytesMaximum { reason.removeLast() }
        return reason
    }
}
