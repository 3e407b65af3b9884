internal import PylonEventLoop
internal import PylonFanout
internal import PylonSimulation
internal import PylonTelemetry
internal import PylonTime
internal import Synchronization

/// How connections find what has gone to another shard while they were away. On the shard's worker.
extension ShardRunner {
    /// Remembers where a subscriber went, before its seat is given up.
    func noteDeparture(of subscriber: SubscriberID, to target: String) {
        let now = worker.clock.now()
        let patience = handoffs.post?.find(target)?.seatPatience ?? seatPatience
        let departure = Departure(
            target: target, until: now + patience,
            tokens: seats.tokens(of: subscriber, now: now).suffix(Departure.tokensMaximum))
        status.departures.note(departure, of: subscriber, now: now)
    }

    /// Goes on remembering what was saved, for as long again. Tokens are not saved.
    func noteSavedDepartures(now: Instant) {
        for (subscriber, target) in shard.ledger.departures.all {
            let patience = handoffs.post?.find(target)?.seatPatience ?? seatPatience
            status.departures.note(
                Departure(target: target, until: now + patience, tokens: []), of: subscriber, now: now)
        }
    }

    /// Whether whoever comes from another shard is let in unasked.
    ///
    /// A stream that was moved is, as it has been all along; of the others only those whose token the source knew, and only to a seat
    /// that is theirs.
    func admitsUnasked(_ request: SubscribeRequest) -> Bool {
        guard let passage = request.passage, passage.isVouched else { return false }
        return passage.isStream || shard.isAttached(request.subscriber)
    }

    /// Where a player's connection has to go to find what it plays; nil when that is here, or nowhere to be found.
    func passage(of request: SubscribeRequest) -> (target: any ShardHandle, passage: Passage)? {
        let hops = request.passage?.hops ?? 0
        guard request.role == .player, hops < Passage.hopsMaximum else { return nil }
        let now = worker.clock.now()
        guard let departure = status.departures.find(request.subscriber, now: now),
            let target = whereabouts(of: request.subscriber, behind: departure, now: now)
        else { return nil }
        let isVouched = request.passage?.isVouched ?? spendsToken(request)
        let passage = Passage(
            source: id, isVouched: isVouched, isStream: request.passage?.isStream ?? false, hops: hops + 1)
        return (target, passage)
    }

    private func spendsToken(_ request: SubscribeRequest) -> Bool {
        guard case .session(let options) = request.stream, let token = options.resumeToken else { return false }
        return status.departures.spend(token.digest, of: request.subscriber)
    }

    /// The shard that has a place for the subscriber, found by what each shard on the way remembers.
    private func whereabouts(
        of subscriber: SubscriberID, behind departure: Departure, now: Instant
    ) -> (any ShardHandle)? {
        var next: Departure? = departure
        for _ in 0..<Passage.hopsMaximum {
            guard let departure = next, let target = handoffs.post?.find(departure.target), target.isRunning,
                target.id != id
            else { return nil }
            if target.status.isPlaying(subscriber) { return target }
            next = target.status.departures.find(subscriber, now: now)
        }
        return nil
    }

    /// Sends a connection on. A stream that cannot follow ends with the other shard's name.
    func forward(_ request: SubscribeRequest, to target: any ShardHandle, _ passage: Passage) {
        counters.streamsForwarded.add()
        request.connection.loop.submit {
            guard let follow = request.follow else { return request.answer(.failure(.moved(to: target.id))) }
            follow(target, passage)
        }
    }
}
