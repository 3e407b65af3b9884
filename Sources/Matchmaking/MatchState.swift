internal import PylonBytes
internal import PylonTelemetry
internal import PylonTime

/// All queues and who is in them. Its owner holds the lock; operations are O(log n) for each player they concern, but for those that
/// say otherwise.
struct MatchState {
    /// One queue.
    struct Queue {
        let definition: MatchQueue
        let isPrivate: Bool
        var tickets = TicketList()
        var ticketLast: UInt64 = 0

        init(_ definition: MatchQueue) {
            self.definition = definition
            isPrivate = definition.isPrivate
        }
    }

    /// Where a player is.
    struct Place {
        let queue: Int
        let ticket: UInt64
        /// What the player counts against.
        let network: IPAddress?
    }

    /// A match that has been assigned, until all have acknowledged or their time is over.
    struct Match {
        let plan: MatchPlan
        let queue: Int
        let assignedAtSeconds: UInt64
        let deadline: Instant
        /// Those of the plan's that are still in it.
        var tickets: [MatchTicket]
        var confirmed: Set<ExactText> = []

        func hasConfirmed(_ ticket: MatchTicket) -> Bool {
            ticket.players.allSatisfy { confirmed.contains(ExactText($0)) }
        }

        func assignment(of player: String) -> MatchAssignment {
            MatchAssignment(
                player: player, shardID: plan.shardID, queue: plan.queue.name, assignedAtSeconds: assignedAtSeconds,
                code: plan.codes[player])
        }
    }

    /// What is to be done about shards once the lock is released.
    enum Effect {
        case discard(String)
        case revoke([String], String)
    }

    /// Why a player left, for those who ask.
    struct Outcome {
        let reason: LeaveReason
        let assignment: MatchAssignment?
        let until: Instant
        let number: UInt64
    }

    let limits: MatchmakerLimits
    let counters: MatchmakerCounters
    var queues: [Queue]
    private(set) var players: [ExactText: Place] = [:]
    /// How many of the players count against each network.
    private var networks: [IPAddress: Int] = [:]
    var matches: [UInt64: Match] = [:]
    var running = RunningMatches()
    var parties: PartyTable
    private(set) var outcomes: [ExactText: Outcome] = [:]
    private var outcomesInOrder = Deque<(player: ExactText, number: UInt64)>()
    private var outcomeLast: UInt64 = 0
    private(set) var matchLast: UInt64 = 0
    /// Whose status has changed since it was last taken, and what is to be done about shards.
    var changed: [String] = []
    var effects: [Effect] = []

    init(_ queues: [MatchQueue], limits: MatchmakerLimits, counters: MatchmakerCounters) {
        self.queues = queues.map(Queue.init)
        self.limits = limits
        self.counters = counters
        parties = PartyTable(limits: limits)
    }

    // MARK: Joining and leaving

    /// Queues players together. Whoever of them is queued already, or has an assignment that is not settled, leaves that first.
    mutating func enqueue(
        _ names: [String], in queue: Int, _ criteria: MatchCriteria, from network: IPAddress?, at now: Instant
    ) throws(MatchmakingError) {
        let definition = queues[queue].definition
        guard names.count <= definition.partyMaximum else { throw .partyTooLarge(maximum: definition.partyMaximum) }
        let newcomers = names.count { players[ExactText($0)] == nil }
        guard players.count + newcomers <= limits.playersMaximum else { throw .full(maximum: limits.playersMaximum) }
        try checkNetwork(network, of: names)
        for name in names { withdraw(ExactText(name), reason: .replaced, at: now) }
        queues[queue].ticketLast += 1
        let ticket = MatchTicket(
            number: queues[queue].ticketLast, players: names, criteria: criteria, enqueuedAt: now,
            deadline: now + definition.waitMaximum)
        queues[queue].tickets.append(ticket)
        for name in names {
            players[ExactText(name)] = Place(queue: queue, ticket: ticket.number, network: network)
            if let network { networks[network, default: 0] += 1 }
            outcomes[ExactText(name)] = nil
        }
        changed += names
        counters.joins.add()
    }

    private func checkNetwork(_ network: IPAddress?, of names: [String]) throws(MatchmakingError) {
        let maximum = limits.playersPerAddressMaximum
        guard let network, maximum > 0 else { return }
        let newcomers = names.count { players[ExactText($0)]?.network != network }
        guard networks[network, default: 0] + newcomers > maximum else { return }
        counters.refusedByAddress.add()
        throw .fullForAddress(maximum: maximum)
    }

    private mutating func removePlayer(_ player: ExactText) {
        guard let network = players.removeValue(forKey: player)?.network, let count = networks[network] else { return }
        networks[network] = count > 1 ? count - 1 : nil
    }

    /// The ticket of a player and the match that it is assigned to.
    func entry(of player: ExactText) -> (place: Place, match: Match?)? {
        guard let place = players[player] else { return nil }
        let holder = queues[place.queue].tickets.holder(place.ticket)
        return (place, holder.flatMap { matches[$0] })
    }

    /// Takes a player's whole ticket out of its queue or its match; false when there is none. `reason` is what the others are told.
    @discardableResult
    mutating func withdraw(
        _ player: ExactText, reason: LeaveReason, own: LeaveReason? = nil, at now: Instant
    ) -> Bool {
        guard let (place, match) = entry(of: player) else { return false }
        guard let ticket = queues[place.queue].tickets.ticket(place.ticket) else { return false }
        drop(ticket, from: place.queue, reason: reason, at: now)
        if let own { remember(own, of: player.text, at: now) }
        if var match {
            match.tickets.removeAll { $0.number == ticket.number }
            effects.append(.revoke(ticket.players, match.plan.shardID))
            running.vacate(ticket.players, in: match.plan.shardID)
            vacate(match, at: now)
        }
        return true
    }

    /// Forgets a ticket; its players are idle, and told so unless that is no news.
    mutating func drop(
        _ ticket: MatchTicket, from queue: Int, reason: LeaveReason, assignment: ((String) -> MatchAssignment)? = nil,
        isNews: Bool = true, at now: Instant
    ) {
        queues[queue].tickets.remove(ticket.number)
        for name in ticket.players {
            removePlayer(ExactText(name))
            remember(reason, of: name, assignment: assignment?(name), at: now)
        }
        if isNews { changed += ticket.players }
    }

    private mutating func remember(
        _ reason: LeaveReason, of name: String, assignment: MatchAssignment? = nil, at now: Instant
    ) {
        outcomeLast += 1
        outcomes[ExactText(name)] = Outcome(
            reason: reason, assignment: assignment, until: now + limits.outcomeLifetime, number: outcomeLast)
        outcomesInOrder.append((ExactText(name), outcomeLast))
        while outcomesInOrder.count > limits.outcomesMaximum { forgetOldestOutcome() }
    }

    private mutating func forgetOldestOutcome() {
        let oldest = outcomesInOrder.removeFirst()
        // A newer one of the same player stays.
        if outcomes[oldest.player]?.number == oldest.number { outcomes[oldest.player] = nil }
    }

    /// Forgets why players left whom that was long ago.
    mutating func forgetOutcomes(before now: Instant) {
        while let oldest = outcomesInOrder.first {
            if let outcome = outcomes[oldest.player], outcome.number == oldest.number, outcome.until > now { return }
            forgetOldestOutcome()
        }
    }

    /// A number for the next match.
    mutating func nextMatchNumber() -> UInt64 {
        matchLast += 1
        return matchLast
    }
}
