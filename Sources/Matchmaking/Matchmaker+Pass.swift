internal import PylonBytes
internal import PylonTelemetry
internal import PylonThreading
internal import PylonTime

extension Matchmaker {
    /// What one pass did.
    package struct PassReport: Sendable {
        /// Tickets that waited.
        package var tickets = 0
        /// Matches made, those that joined a running one included.
        package var matches = 0
        package var players = 0
        /// From looking at the queue to having checked what the match function proposed.
        package var matching: Duration = .zero
        /// The whole pass, shards included.
        package var total: Duration = .zero
    }

    /// Makes matches of those who wait in the queue of that index. One thread at a time; it may take as long as the match function does.
    @discardableResult
    package func pass(_ index: Int) -> PassReport {
        let started = clock.now()
        var report = PassReport()
        defer { counters.passDuration.record(clock.now() - started) }
        let queue = queues[index]
        let pool = look(at: index, now: started)
        report.tickets = pool.tickets.count
        counters.passes.add()
        let proposals = propose(pool, queue)
        report.matching = clock.now() - started
        for proposal in proposals.prefix(limits.matchesPerPassMaximum) {
            let tickets = proposal.tickets.map { pool.tickets[$0] }
            switch make(tickets, proposal, of: pool, in: index) {
            case .made:
                report.matches += 1
                report.players += tickets.reduce(0) { $0 + $1.players.count }
            case .raced: counters.raced.add()
            // Most likely there are as many shards as there may be: the others would fare no better.
            case .failed:
                counters.launchesFailed.add()
                report.total = clock.now() - started
                return report
            }
        }
        report.total = clock.now() - started
        return report
    }

    /// Ends what is over: assignments not acknowledged, places of players who have left, parties nobody uses. The server calls it
    /// a few times a second.
    package func sweep() {
        let now = clock.now()
        change { state in
            state.expireAssignments(at: now)
            state.forgetOutcomes(before: now)
            if now.nanoseconds > limits.partyIdleMaximum.wholeNanoseconds {
                state.parties.removeIdle(
                    since: Instant(nanoseconds: now.nanoseconds - limits.partyIdleMaximum.wholeNanoseconds))
            }
        }
    }

    // MARK: Looking

    private func look(at index: Int, now: Instant) -> MatchPool {
        let queue = queues[index]
        if queue.vacancies == .refill { refreshRunning(index, now: now) }
        let (list, running) = change { ($0.queues[index].tickets, $0.running) }
        let openings = running.openings(of: index, players: queue.players.upperBound)
        var tickets: [MatchTicket] = []
        tickets.reserveCapacity(list.queuedCount)
        var late: [MatchTicket] = []
        for (ticket, state) in zip(list.tickets, list.states) where state == .queued {
            if ticket.deadline <= now { late.append(ticket) } else { tickets.append(ticket) }
        }
        if !late.isEmpty {
            change { state in
                for ticket in late { state.timeOut(ticket, in: index, at: now) }
            }
        }
        return MatchPool(
            tickets: tickets, openings: openings, players: queue.players, regions: queue.regions, now: now,
            seed: random())
    }

    /// Asks the shards who is there: whoever has left gives the place free.
    private func refreshRunning(_ index: Int, now: Instant) {
        let shards = change { state in
            state.running.matches.filter { $0.value.queue == index }.map(\.key)
        }
        let kept = limits.connectingMaximum.wholeNanoseconds
        let limit = Instant(nanoseconds: now.nanoseconds - min(now.nanoseconds, kept))
        for shardID in shards {
            let occupants = launcher.occupants(of: shardID)
            change { state in
                guard let occupants else { return state.running.forget(shardID) }
                state.running.clear(shardID, occupants: occupants, confirmedBefore: limit)
            }
        }
    }

    /// Asks the match function; nothing, when it fails or proposes what cannot be.
    private func propose(_ pool: MatchPool, _ queue: MatchQueue) -> [MatchProposal] {
        guard !pool.tickets.isEmpty, let proposals = try? queue.match.match(pool), pool.accepts(proposals) else {
            if !pool.tickets.isEmpty { counters.passesFailed.add() }
            return []
        }
        countOvertakes(proposals.prefix(limits.matchesPerPassMaximum), in: pool)
        return proposals
    }

    private func countOvertakes(_ proposals: some Sequence<MatchProposal>, in pool: MatchPool) {
        var isMatched = [Bool](repeating: false, count: pool.tickets.count)
        for proposal in proposals {
            for index in proposal.tickets { isMatched[index] = true }
        }
        var hasWaiting = [Bool](repeating: false, count: pool.modeNames.count)
        var overtakes = 0
        for index in pool.tickets.indices {
            if !isMatched[index] {
                hasWaiting[pool.modes[index]] = true
            } else if hasWaiting[pool.modes[index]] {
                overtakes += 1
            }
        }
        counters.overtakes.add(overtakes)
    }

    // MARK: Making

    private enum Outcome { case made, raced, failed }

    private func make(
        _ tickets: [MatchTicket], _ proposal: MatchProposal, of pool: MatchPool, in index: Int
    ) -> Outcome {
        let reserved = change { state in
            state.reserve(tickets, in: index).map { ($0, state.queues[index].isPrivate) }
        }
        guard let (number, isPrivate) = reserved else { return .raced }
        let seconds = clock.microsecondsSinceEpoch() / 1_000_000
        let opening = proposal.opening.map { pool.openings[$0] }
        var codes: [String: String] = [:]
        for ticket in tickets where isPrivate {
            for player in ticket.players { codes[player] = makeCode() }
        }
        let plan = MatchPlan(
            number: number, shardID: opening?.shardID ?? "match_\(String(seconds, radix: 16))_\(number)",
            queue: queues[index], tickets: tickets, region: opening?.region ?? proposal.region,
            isFill: opening != nil, codes: codes)
        guard launch(plan) else {
            change { $0.abandon(plan, in: index) }
            // One that was to be joined and has ended says nothing of the others.
            return plan.isFill ? .raced : .failed
        }
        let isMade = change { $0.commit(plan, in: index, at: clock.now(), seconds: seconds) }
        guard isMade else { return .raced }
        recordSpread(tickets)
        return .made
    }

    private func launch(_ plan: MatchPlan) -> Bool {
        if plan.isFill { return launcher.admit(plan) }
        return (try? launcher.launch(plan)) != nil
    }

    private func recordSpread(_ tickets: [MatchTicket]) {
        let ratings = tickets.compactMap(\.criteria.rating)
        guard ratings.count > 1, let low = ratings.min(), let high = ratings.max() else { return }
        counters.recordSpread(high - low)
    }
}
