internal import PylonBytes
internal import PylonTelemetry
internal import PylonThreading
package import PylonTime

/// Brings players together: they queue with what they want, passes make matches of them, and whoever is matched acknowledges or loses
/// the place (spec/realtime.md 2.9).
///
/// Joining, leaving, assigning and acknowledging happen one after the other under one lock, so that a player is in one ticket and one
/// match at most, and whoever has cancelled is in none. The match function runs outside of it, on a view. Safe from any thread; calls
/// take microseconds, but those to a queue that a pass has just looked at copy a reference for each of its tickets once.
package final class Matchmaker: Sendable {
    package let queues: [MatchQueue]
    package let limits: MatchmakerLimits
    package let counters = MatchmakerCounters()
    let clock: any Clock
    let launcher: any MatchLauncher
    let random: @Sendable () -> UInt64
    let makeCode: @Sendable () -> String
    private let onChange: @Sendable ([String]) -> Void
    let state: Lock<MatchState>

    /// `random` seeds the passes and `makeCode` makes what opens private shards and parties, which nobody may guess. `onChange` hears of
    /// the players whose status has changed, on any thread; it must not wait for anything.
    package init(
        queues: [MatchQueue], limits: MatchmakerLimits = MatchmakerLimits(), clock: any Clock,
        launcher: any MatchLauncher, random: @escaping @Sendable () -> UInt64,
        makeCode: @escaping @Sendable () -> String, onChange: @escaping @Sendable ([String]) -> Void = { _ in }
    ) {
        self.queues = queues
        self.limits = limits
        self.clock = clock
        self.launcher = launcher
        self.random = random
        self.makeCode = makeCode
        self.onChange = onChange
        state = Lock(MatchState(queues, limits: limits, counters: counters))
    }

    // MARK: Players

    /// Joins a queue: alone, or for the whole party that the player leads. Leaves any other first.
    package func join(
        _ player: String, queue name: String, _ criteria: MatchCriteria, from origin: MatchOrigin = MatchOrigin()
    ) throws(MatchmakingError) {
        let index = try index(of: name)
        let now = clock.now()
        try change { state throws(MatchmakingError) in
            let player = ExactText(player)
            let party = state.parties.party(of: player)
            guard party.map({ ExactText($0.leader) == player }) ?? true else { throw .notLeader }
            let hasGuests = origin.isGuest || state.parties.hasGuests(besides: player)
            guard queues[index].allowsGuests || !hasGuests else { throw .guestsExcluded }
            try state.enqueue(
                party?.members ?? [player.text], in: index, criteria, from: origin.network, at: now)
            state.parties.touch(player, at: now)
        }
    }

    /// Those whom a player joins a queue for.
    package func companions(of player: String) -> [String] {
        state.withLock { $0.parties.party(of: ExactText(player))?.members ?? [player] }
    }

    /// The queue called so.
    package func queue(_ name: String) throws(MatchmakingError) -> MatchQueue { queues[try index(of: name)] }

    /// Where a player stands.
    package func status(of player: String) -> PlayerStatus {
        let now = clock.now()
        return state.withLock { $0.status(of: ExactText(player), at: now) }
    }

    /// What became of a cancellation.
    package enum Cancellation: String, Hashable, Sendable {
        case cancelled
        case notQueued = "not_queued"
        /// It came too late: the player has acknowledged the match.
        case acknowledged
    }

    /// Leaves the queue, or the match that waits for an acknowledgement, with everyone on the same ticket.
    package func cancel(_ player: String) -> Cancellation {
        let now = clock.now()
        return change { state in
            let player = ExactText(player)
            guard let (_, match) = state.entry(of: player) else { return .notQueued }
            if match?.confirmed.contains(player) == true { return .acknowledged }
            state.withdraw(player, reason: .partyCancelled, own: .cancelled, at: now)
            state.counters.cancelled.add()
            return .cancelled
        }
    }

    /// Acknowledges the assignment and returns where to play. Who asks again within the minute gets the same.
    package func acknowledge(_ player: String) throws(MatchmakingError) -> MatchAssignment {
        let now = clock.now()
        return try change { state throws(MatchmakingError) in try state.acknowledge(ExactText(player), at: now) }
    }

    // MARK: Parties

    /// Makes a party that the player leads; leaves any other first.
    package func createParty(_ player: String, isGuest: Bool = false) throws(MatchmakingError) -> Party {
        let now = clock.now()
        let code = makeCode()
        return try change { state throws(MatchmakingError) in
            let player = ExactText(player)
            guard state.parties.count < state.limits.partiesMaximum else {
                throw .tooManyParties(maximum: state.limits.partiesMaximum)
            }
            state.leaveParty(player, at: now)
            try state.parties.create(player, isGuest: isGuest, code: code, at: now)
            return Party(code: code, members: [player.text])
        }
    }

    /// Joins the party of a code, which must not be queued; leaves any other first.
    package func joinParty(
        _ player: String, isGuest: Bool = false, code: String
    ) throws(MatchmakingError) -> Party {
        let now = clock.now()
        return try change { state throws(MatchmakingError) in
            let player = ExactText(player)
            guard let party = state.parties.party(code) else { throw .partyUnknown }
            if party.members.contains(where: { ExactText($0) == player }) { return party }
            guard state.entry(of: ExactText(party.leader)) == nil else { throw .partyBusy }
            guard party.members.count < state.limits.partyMembersMaximum else {
                throw .partyFull(maximum: state.limits.partyMembersMaximum)
            }
            state.leaveParty(player, at: now)
            state.withdraw(player, reason: .partyChanged, at: now)
            try state.parties.join(player, isGuest: isGuest, code: code, at: now)
            return Party(code: code, members: party.members + [player.text])
        }
    }

    /// Leaves the party, or, when `member` is another, has its leader send somebody away. What the party waited for ends.
    package func leaveParty(_ player: String, member: String? = nil) throws(MatchmakingError) {
        let now = clock.now()
        try change { state throws(MatchmakingError) in
            let caller = ExactText(player)
            let member = ExactText(member ?? player)
            guard let party = state.parties.party(of: caller),
                party.members.contains(where: { ExactText($0) == member })
            else { throw .notInParty }
            guard member == caller || ExactText(party.leader) == caller else { throw .notLeader }
            state.leaveParty(member, at: now)
        }
    }

    /// The party that a player is in.
    package func party(of player: String) -> Party? {
        let now = clock.now()
        return state.withLock { state in
            state.parties.touch(ExactText(player), at: now)
            return state.parties.party(of: ExactText(player))
        }
    }

    // MARK: Numbers

    /// Tickets that wait in each queue, in the order of the queues.
    package var queuedCounts: [Int] { state.withLock { $0.queues.map(\.tickets.queuedCount) } }
    /// Players in queues or with an assignment that is not settled.
    package var playerCount: Int { state.withLock { $0.players.count } }
    /// Matches that not everyone has acknowledged.
    package var openMatchCount: Int { state.withLock { $0.matches.count } }
    /// Running matches that take new players.
    package var runningCount: Int { state.withLock { $0.running.matches.count } }
    package var partyCount: Int { state.withLock { $0.parties.count } }

    // MARK: Changing

    private func index(of name: String) throws(MatchmakingError) -> Int {
        guard let index = queues.firstIndex(where: { $0.name == name }) else {
            counters.refused.add()
            throw .queueUnknown(known: queues.map(\.name))
        }
        return index
    }

    /// Runs `body` under the lock, then does what follows from it without.
    func change<R: Sendable>(_ body: (inout MatchState) throws(MatchmakingError) -> R) throws(MatchmakingError) -> R {
        let result = change { state -> Result<R, MatchmakingError> in
            do throws(MatchmakingError) {
                return .success(try body(&state))
            } catch {
                return .failure(error)
            }
        }
        if case .failure = result { counters.refused.add() }
        return try result.get()
    }

    func change<R: Sendable>(_ body: (inout MatchState) -> R) -> R {
        let (result, changed, effects) = state.withLock { state in
            let result = body(&state)
            defer {
                state.changed = []
                state.effects = []
            }
            return (result, state.changed, state.effects)
        }
        for effect in effects {
            switch effect {
            case .discard(let shardID): launcher.discard(shardID)
            case .revoke(let players, let shardID): launcher.revoke(players, from: shardID)
            }
        }
        if !changed.isEmpty { onChange(changed) }
        return result
    }
}

extension MatchState {
    fileprivate mutating func leaveParty(_ player: ExactText, at now: Instant) {
        guard let party = parties.party(of: player) else { return }
        if party.members.count > 1 {
            // Their ticket, if they have one, is that of all.
            withdraw(ExactText(party.leader), reason: .partyChanged, at: now)
        }
        parties.leave(player, at: now)
        changed += party.members
    }
}
