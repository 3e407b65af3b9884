internal import PylonBytes
internal import PylonTime

/// Players who want to be matched together, as they see it.
package struct Party: Hashable, Sendable {
    /// Whoever has it may join: handing it out is the invitation, using it the consent.
    package let code: String
    /// In the order in which they joined; the first leads.
    package let members: [String]

    package var leader: String { members[0] }
}

/// Parties and who is in them: a player is in one at most. Its owner holds the lock; every operation is O(members).
struct PartyTable {
    private struct Entry {
        var members: [ExactText]
        /// Those of them who are guests.
        var guests: Set<ExactText>
        var heardAt: Instant
    }

    private let limits: MatchmakerLimits
    private var entries: [String: Entry] = [:]
    private var codes: [ExactText: String] = [:]

    init(limits: MatchmakerLimits) {
        self.limits = limits
    }

    var count: Int { entries.count }

    func party(of player: ExactText) -> Party? { codes[player].flatMap(party) }

    func party(_ code: String) -> Party? {
        entries[code].map { Party(code: code, members: $0.members.map(\.text)) }
    }

    /// Whether the party of a player has guests in it.
    func hasGuests(besides player: ExactText) -> Bool {
        guard let code = codes[player], let guests = entries[code]?.guests else { return false }
        return guests.contains { $0 != player }
    }

    /// A party of one, called `code`.
    mutating func create(
        _ player: ExactText, isGuest: Bool, code: String, at now: Instant
    ) throws(MatchmakingError) {
        guard entries.count < limits.partiesMaximum else { throw .tooManyParties(maximum: limits.partiesMaximum) }
        precondition(entries[code] == nil, "a code that somebody has: codes are to be beyond guessing")
        entries[code] = Entry(members: [player], guests: isGuest ? [player] : [], heardAt: now)
        codes[player] = code
    }

    /// Adds a player who is in no party.
    mutating func join(
        _ player: ExactText, isGuest: Bool, code: String, at now: Instant
    ) throws(MatchmakingError) {
        guard var entry = entries[code] else { throw .partyUnknown }
        guard entry.members.count < limits.partyMembersMaximum else {
            throw .partyFull(maximum: limits.partyMembersMaximum)
        }
        entry.members.append(player)
        if isGuest { entry.guests.insert(player) }
        entry.heardAt = now
        entries[code] = entry
        codes[player] = code
    }

    /// Ends a membership; the next in line leads, and a party of nobody is gone.
    mutating func leave(_ player: ExactText, at now: Instant) {
        guard let code = codes.removeValue(forKey: player), var entry = entries[code] else { return }
        entry.members.removeAll { $0 == player }
        entry.guests.remove(player)
        entry.heardAt = now
        entries[code] = entry.members.isEmpty ? nil : entry
    }

    mutating func touch(_ player: ExactText, at now: Instant) {
        guard let code = codes[player] else { return }
        entries[code]?.heardAt = now
    }

    /// Ends the parties that nothing was heard of since `limit`. O(parties).
    mutating func removeIdle(since limit: Instant) {
        for (code, entry) in entries where entry.heardAt < limit {
            entries[code] = nil
            for member in entry.members { codes[member] = nil }
        }
    }
}
