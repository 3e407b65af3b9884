package import PylonTelemetry

/// What the matchmaker did so far, for the metrics.
package struct MatchmakerCounters: Sendable {
    /// Calls that put a ticket into a queue.
    package let joins = Counter()
    /// Calls refused, whatever the cause.
    package let refused = Counter()
    /// Those of them that were for an address with too many players.
    package let refusedByAddress = Counter()
    /// Matches assigned, those that join a running one included.
    package let matches = Counter()
    /// Assignments to running matches.
    package let fills = Counter()
    /// Players assigned.
    package let playersMatched = Counter()
    package let acknowledged = Counter()
    /// Tickets taken back by their players, or by their party's.
    package let cancelled = Counter()
    /// Players whose assignment nobody acknowledged in time.
    package let expired = Counter()
    /// Tickets that waited for longer than their queue allows.
    package let timedOut = Counter()
    /// Matches that ended because somebody did not come.
    package let dissolved = Counter()
    /// Groups that had lost a player by the time their shard was there.
    package let raced = Counter()
    /// Passes that counted for nothing because the match function failed or proposed what cannot be.
    package let passesFailed = Counter()
    package let passes = Counter()
    /// Shards that could not be made.
    package let launchesFailed = Counter()
    /// Tickets that were matched while one of the same mode that had waited longer was not.
    package let overtakes = Counter()
    /// From joining to being assigned, for each player.
    package let waiting = DurationHistogram(boundsMicroseconds: waitingBounds)
    package let passDuration = DurationHistogram()
    /// Matches by how far the ratings in them are apart, with the bounds of ``spreadBounds``.
    package let spreads: [Counter]

    /// From half a second to ten minutes.
    private static let waitingBounds: [UInt64] = [
        500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 30_000_000, 60_000_000, 120_000_000,
        300_000_000, 600_000_000,
    ]
    /// Points of rating; what is beyond the last counts as infinite.
    package static let spreadBounds: [Double] = [25, 50, 100, 200, 400, 800]

    package init() {
        spreads = (0...Self.spreadBounds.count).map { _ in Counter() }
    }

    func recordSpread(_ spread: Double) {
        spreads[Self.spreadBounds.firstIndex { spread <= $0 } ?? Self.spreadBounds.count].add()
    }
}
