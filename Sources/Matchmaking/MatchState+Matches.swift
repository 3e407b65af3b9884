internal import PylonBytes
internal import PylonTelemetry
internal import PylonTime

/// From a group to a match to a settled one.
extension MatchState {
    /// Holds the tickets of a group for a match that is about to be made; nil, and nothing held, when one of them has left or is in
    /// another match by now.
    mutating func reserve(_ group: [MatchTicket], in queue: Int) -> UInt64? {
        guard group.allSatisfy({ queues[queue].tickets.state($0.number) == .queued }) else { return nil }
        let number = nextMatchNumber()
        for ticket in group { _ = queues[queue].tickets.hold(ticket.number, for: number) }
        return number
    }

    /// Assigns a match whose shard is ready. When one of its tickets has left meanwhile, the others wait on, the shard is to be
    /// stopped unless others play in it, and the answer is false.
    mutating func commit(_ plan: MatchPlan, in queue: Int, at now: Instant, seconds: UInt64) -> Bool {
        let isWhole = plan.tickets.allSatisfy { queues[queue].tickets.holder($0.number) == plan.number }
        guard isWhole, !plan.isFill || running.matches[plan.shardID] != nil else {
            abandon(plan, in: queue)
            let names = plan.tickets.flatMap(\.players)
            effects.append(plan.isFill ? .revoke(names, plan.shardID) : .discard(plan.shardID))
            return false
        }
        let deadline = now + plan.queue.acknowledgementMaximum
        matches[plan.number] = Match(
            plan: plan, queue: queue, assignedAtSeconds: seconds, deadline: deadline, tickets: plan.tickets)
        if plan.queue.vacancies == .refill { running.seat(plan, in: queue, maximum: limits.runningMaximum) }
        for ticket in plan.tickets {
            changed += ticket.players
            for _ in ticket.players { counters.waiting.record(now - ticket.enqueuedAt) }
            counters.playersMatched.add(ticket.players.count)
        }
        counters.matches.add()
        if plan.isFill { counters.fills.add() }
        return true
    }

    /// Lets the tickets of a plan that came to nothing wait on, those that are still its own.
    mutating func abandon(_ plan: MatchPlan, in queue: Int) {
        for ticket in plan.tickets where queues[queue].tickets.holder(ticket.number) == plan.number {
            queues[queue].tickets.release(ticket)
        }
    }

    /// Acknowledges a player's assignment, and once more for those who ask again.
    mutating func acknowledge(_ player: ExactText, at now: Instant) throws(MatchmakingError) -> MatchAssignment {
        guard let (_, match) = entry(of: player) else {
            guard let assignment = outcomes[player]?.assignment else { throw .notMatched }
            return assignment
        }
        guard var match, match.deadline > now else { throw .notMatched }
        let assignment = match.assignment(of: player.text)
        guard match.confirmed.insert(player).inserted else { return assignment }
        counters.acknowledged.add()
        running.confirm(player.text, in: match.plan.shardID, at: now)
        matches[match.plan.number] = match
        changed.append(player.text)
        settleIfComplete(match, at: now)
        return assignment
    }

    private mutating func settleIfComplete(_ match: Match, at now: Instant) {
        guard match.tickets.allSatisfy(match.hasConfirmed) else { return }
        matches[match.plan.number] = nil
        for ticket in match.tickets {
            // Each heard of it with the own acknowledgement.
            drop(
                ticket, from: match.queue, reason: .acknowledged, assignment: match.assignment, isNews: false, at: now)
        }
    }

    /// Goes on with a match that has just lost a ticket.
    mutating func vacate(_ match: Match, at now: Instant) {
        let isAbandoned = match.tickets.isEmpty && !match.plan.isFill && running.isVacant(match.plan.shardID)
        let isGivenUp = match.plan.queue.vacancies == .dissolve || isAbandoned
        guard isGivenUp else {
            matches[match.plan.number] = match
            return settleIfComplete(match, at: now)
        }
        matches[match.plan.number] = nil
        for ticket in match.tickets {
            queues[match.queue].tickets.release(ticket.returned(deadline: now + match.plan.queue.waitMaximum))
            changed += ticket.players
        }
        counters.dissolved.add()
        effects.append(.discard(match.plan.shardID))
        running.forget(match.plan.shardID)
    }

    // MARK: Time

    /// Takes out of their matches those whose time to acknowledge is over. O(matches that are not settled).
    mutating func expireAssignments(at now: Instant) {
        let due = matches.values.filter { $0.deadline <= now }.sorted { $0.plan.number < $1.plan.number }
        for var match in due {
            let late = match.tickets.filter { !match.hasConfirmed($0) }
            match.tickets = match.tickets.filter(match.hasConfirmed)
            for ticket in late {
                counters.expired.add(ticket.players.count { !match.confirmed.contains(ExactText($0)) })
                drop(ticket, from: match.queue, reason: .expired, at: now)
            }
            let names = late.flatMap(\.players)
            effects.append(.revoke(names, match.plan.shardID))
            running.vacate(names, in: match.plan.shardID)
            vacate(match, at: now)
        }
    }

    /// Lets a ticket go that has waited in vain, unless it is in a match.
    mutating func timeOut(_ ticket: MatchTicket, in queue: Int, at now: Instant) {
        guard queues[queue].tickets.state(ticket.number) == .queued else { return }
        counters.timedOut.add()
        drop(ticket, from: queue, reason: .timedOut, at: now)
    }

    // MARK: Looking

    /// Where a player stands.
    func status(of player: ExactText, at now: Instant) -> PlayerStatus {
        guard let (place, match) = entry(of: player) else {
            return .idle(reason: outcomes[player].flatMap { $0.until > now ? $0.reason : nil })
        }
        if let match {
            // As in the reference, whoever has acknowledged is in no queue any more.
            if match.confirmed.contains(player) { return .idle(reason: .acknowledged) }
            return .matched(
                shardID: match.plan.shardID, queue: match.plan.queue.name,
                expiresInSeconds: Int((match.deadline - now).inSeconds.rounded(.up)))
        }
        let queue = queues[place.queue]
        guard let ticket = queue.tickets.ticket(place.ticket) else { return .idle(reason: nil) }
        return .queued(
            PlayerStatus.Waiting(
                queue: queue.definition.name, mode: ticket.criteria.mode,
                position: queue.tickets.position(of: ticket.number),
                seconds: Int((now - ticket.enqueuedAt).inSeconds), players: ticket.players.count,
                isReturned: ticket.isReturned))
    }
}
