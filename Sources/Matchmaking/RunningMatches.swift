internal import PylonTime

/// The matches that take new players as long as their shards run, and who has a place in them.
struct RunningMatches {
    /// One of them.
    struct Match {
        let queue: Int
        let mode: String
        let region: Int?
        /// In the order in which matches were made.
        let number: UInt64
        var seats: [String: Seat] = [:]
    }

    /// A player's place.
    struct Seat {
        let rating: Double?
        /// When the player acknowledged; nil before.
        var confirmedAt: Instant?
    }

    /// By the ids of their shards.
    private(set) var matches: [String: Match] = [:]

    /// Gives the players of a plan their places. Beyond `maximum` matches a new one takes nobody later.
    mutating func seat(_ plan: MatchPlan, in queue: Int, maximum: Int) {
        guard matches[plan.shardID] != nil || matches.count < maximum else { return }
        var match =
            matches[plan.shardID]
            ?? Match(queue: queue, mode: plan.mode, region: plan.region, number: plan.number)
        for ticket in plan.tickets {
            for player in ticket.players { match.seats[player] = Seat(rating: ticket.criteria.rating) }
        }
        matches[plan.shardID] = match
    }

    mutating func confirm(_ player: String, in shardID: String, at now: Instant) {
        matches[shardID]?.seats[player]?.confirmedAt = now
    }

    mutating func vacate(_ players: [String], in shardID: String) {
        for player in players { matches[shardID]?.seats[player] = nil }
    }

    /// Whether nobody has a place in a match.
    func isVacant(_ shardID: String) -> Bool { matches[shardID]?.seats.isEmpty ?? true }

    mutating func forget(_ shardID: String) {
        matches[shardID] = nil
    }

    /// Takes away the places of those who acknowledged before `limit` and are not among `occupants`.
    mutating func clear(_ shardID: String, occupants: Set<String>, confirmedBefore limit: Instant) {
        guard let match = matches[shardID] else { return }
        let seats = match.seats.filter { player, seat in
            guard let confirmedAt = seat.confirmedAt else { return true }
            return confirmedAt > limit || occupants.contains(player)
        }
        matches[shardID]?.seats = seats
    }

    /// The free places of a queue's matches, the oldest match first.
    func openings(of queue: Int, players: Int) -> [MatchOpening] {
        matches.filter { $0.value.queue == queue && $0.value.seats.count < players }
            .sorted { $0.value.number < $1.value.number }
            .map { shardID, match in
                // In one order whatever the dictionary's, since sums of doubles depend on it.
                let ratings = match.seats.values.compactMap(\.rating).sorted()
                return MatchOpening(
                    shardID: shardID, places: players - match.seats.count, mode: match.mode,
                    rating: ratings.isEmpty ? nil : ratings.reduce(0, +) / Double(ratings.count),
                    region: match.region)
            }
    }
}
