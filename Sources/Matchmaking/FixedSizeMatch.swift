/// Matches tickets of one mode in the order in which they joined (spec/realtime.md 2.9), each match full. Whoever is free to play is
/// put into a running match first.
public struct FixedSizeMatch: MatchFunction {
    /// Groups that wait for their last players at a time, so that parties of odd sizes cost nobody else a search.
    private static let groupsOpenMaximum = 16

    public init() {}

    public func match(_ pool: MatchPool) -> [MatchProposal] {
        var fills = OpeningFills(pool)
        var groups = [[Group]](repeating: [], count: pool.modeNames.count)
        var full: [Group] = []
        for (index, ticket) in pool.tickets.enumerated() {
            let size = ticket.players.count
            if fills.take(index, size: size, mode: pool.modes[index]) { continue }
            let mode = pool.modes[index]
            let place = groups[mode].firstIndex { $0.count + size <= pool.players.upperBound }
            guard let place else {
                if size == pool.players.upperBound {
                    full.append(Group(index, size))
                } else if groups[mode].count < Self.groupsOpenMaximum {
                    groups[mode].append(Group(index, size))
                }
                continue
            }
            groups[mode][place].add(index, size)
            if groups[mode][place].count == pool.players.upperBound { full.append(groups[mode].remove(at: place)) }
        }
        let new = full.sorted { $0.tickets[0] < $1.tickets[0] }.map { MatchProposal($0.tickets) }
        return fills.proposals + new
    }

    /// Tickets on their way to a match.
    private struct Group {
        var tickets: [Int]
        var count: Int

        init(_ ticket: Int, _ size: Int) {
            tickets = [ticket]
            count = size
        }

        mutating func add(_ ticket: Int, _ size: Int) {
            tickets.append(ticket)
            count += size
        }
    }
}

/// Free places by mode, taken in order.
private struct OpeningFills {
    private var places: [Int]
    private var tickets: [[Int]]
    /// For each mode the openings that may still have places, the oldest last.
    private var candidates: [[Int]]

    init(_ pool: MatchPool) {
        places = pool.openings.map(\.places)
        tickets = Array(repeating: [], count: pool.openings.count)
        candidates = pool.openingsByMode.map { $0.reversed() }
    }

    /// Puts a ticket into the first opening that has room; false when none of the first few has.
    mutating func take(_ ticket: Int, size: Int, mode: Int) -> Bool {
        while let first = candidates[mode].last, places[first] == 0 { candidates[mode].removeLast() }
        guard let found = candidates[mode].suffix(8).reversed().first(where: { places[$0] >= size }) else {
            return false
        }
        places[found] -= size
        tickets[found].append(ticket)
        return true
    }

    var proposals: [MatchProposal] {
        tickets.indices.filter { !tickets[$0].isEmpty }.map { MatchProposal(tickets[$0], opening: $0) }
    }
}
