// Who is ahead.
extension ArenaZone {
    /// The best, best first.
    func forEachLeader(_ body: (Player) -> Void) {
        var last: Rank?
        for _ in 0..<Self.leaderCount {
            guard let next = bestRank(after: last) else { return }
            body(players[next.place])
            last = next
        }
    }

    /// The best of all.
    var leader: Player? { bestRank(after: nil).map { players[$0.place] } }

    /// A player's rank among all: by score, and among equals by who came first.
    private struct Rank {
        let score: Int
        let place: Int

        func comes(before other: Rank) -> Bool {
            score != other.score ? score > other.score : place < other.place
        }
    }

    /// The best of those who come after `last`. Five walks over the players allocate nothing; a sorted copy would.
    private func bestRank(after last: Rank?) -> Rank? {
        var best: Rank?
        for place in players.indices {
            let rank = Rank(score: players[place].score, place: place)
            if let last, !last.comes(before: rank) { continue }
            if let found = best, !rank.comes(before: found) { continue }
            best = rank
        }
        return best
    }

    private static let leaderCount = 5
}
