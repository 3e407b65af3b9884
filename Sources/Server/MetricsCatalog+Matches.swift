internal import PylonMatchmaking
internal import PylonTelemetry

extension MetricsCatalog {
    /// The metrics of the matchmaker. A server without queues has them, too: all zero.
    static func registerMatches(in metrics: MetricsRegistry, _ matchmaker: Matchmaker) {
        let counters = matchmaker.counters
        metrics.register(
            "pylon_matchmaker_queued", help: "Tickets waiting by queue.",
            .labelled(label: "queue") {
                zip(matchmaker.queues, matchmaker.queuedCounts).map { ($0.name, Double($1)) }
            })
        metrics.register(
            "pylon_matchmaker_players", help: "Players in queues or with an assignment that is not settled.",
            .gauge { Double(matchmaker.playerCount) })
        metrics.register(
            "pylon_matchmaker_open_matches", help: "Matches that not everyone has acknowledged.",
            .gauge { Double(matchmaker.openMatchCount) })
        metrics.register(
            "pylon_matchmaker_running_matches", help: "Running matches that take new players.",
            .gauge { Double(matchmaker.runningCount) })
        metrics.register("pylon_matchmaker_parties", help: "Parties.", .gauge { Double(matchmaker.partyCount) })
        metrics.register("pylon_matchmaker_joins_total", help: "Tickets put into a queue.", counters.joins)
        metrics.register("pylon_matchmaker_refused_total", help: "Calls to the matchmaker refused.", counters.refused)
        metrics.register(
            "pylon_matchmaker_refused_by_address_total",
            help: "Joins refused because too many players of the address wait.", counters.refusedByAddress)
        metrics.register(
            "pylon_matchmaker_cancelled_total", help: "Tickets taken back by their players.", counters.cancelled)
        metrics.register(
            "pylon_matchmaker_timed_out_total", help: "Tickets that waited for too long.", counters.timedOut)
        registerOutcomes(in: metrics, counters)
        registerQuality(in: metrics, counters)
    }

    private static func registerOutcomes(in metrics: MetricsRegistry, _ counters: MatchmakerCounters) {
        metrics.register("pylon_matchmaker_passes_total", help: "Looks at a queue.", counters.passes)
        metrics.register(
            "pylon_matchmaker_passes_failed_total",
            help: "Passes that counted for nothing: the match function failed or proposed what cannot be.",
            counters.passesFailed)
        metrics.register(
            "pylon_matchmaker_pass_seconds", help: "Duration of a pass, shards included.",
            .histogram(counters.passDuration))
        metrics.register(
            "pylon_matchmaker_matches_total", help: "Matches assigned, those that join a running one included.",
            counters.matches)
        metrics.register(
            "pylon_matchmaker_backfills_total", help: "Matches that joined a running one.", counters.fills)
        metrics.register("pylon_matchmaker_matched_players_total", help: "Players assigned.", counters.playersMatched)
        metrics.register(
            "pylon_matchmaker_acknowledged_total", help: "Players who took their place.", counters.acknowledged)
        metrics.register(
            "pylon_matchmaker_expired_total", help: "Players who did not acknowledge in time.", counters.expired)
        metrics.register(
            "pylon_matchmaker_dissolved_total", help: "Matches ended because somebody did not come.",
            counters.dissolved)
        metrics.register(
            "pylon_matchmaker_raced_total", help: "Groups that lost a player while their shard was made.",
            counters.raced)
        metrics.register(
            "pylon_matchmaker_launches_failed_total", help: "Shards that could not be made.", counters.launchesFailed)
    }

    private static func registerQuality(in metrics: MetricsRegistry, _ counters: MatchmakerCounters) {
        metrics.register(
            "pylon_matchmaker_wait_seconds", help: "From joining to being assigned, by player.",
            .histogram(counters.waiting))
        metrics.register(
            "pylon_matchmaker_overtakes_total",
            help: "Tickets matched while one of their mode that had waited longer was not.", counters.overtakes)
        metrics.register(
            "pylon_matchmaker_rating_spread",
            help: "Matches by how far their ratings are apart, at most so many points.",
            .labelled(label: "at_most") {
                let bounds = MatchmakerCounters.spreadBounds.map { String(Int($0)) } + ["inf"]
                var total = 0.0
                return zip(bounds, counters.spreads).map { bound, counter in
                    total += Double(counter.value)
                    return (bound, total)
                }
            })
    }
}
