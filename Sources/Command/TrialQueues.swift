internal import PylonJSON
internal import PylonMatchmaking
internal import PylonTime

/// Queues to try the matchmaker with, and for tests: their matches run in shards of the kind `counter`.
enum TrialQueues {
    static let all = [pair, zone]

    /// Two players in the order in which they came; a match that one of them does not come to dissolves.
    private static let pair: MatchQueue = {
        var queue = MatchQueue("pair", kind: "counter", players: 2...2)
        queue.config = ["private": true]
        queue.interval = .milliseconds(100)
        queue.acknowledgementMaximum = .seconds(5)
        return queue
    }()

    /// Two to four players of similar ratings near one region; free places go to those who come later.
    private static let zone: MatchQueue = {
        var match = RatedMatch()
        match.fullAfter = .milliseconds(500)
        var queue = MatchQueue("zone", kind: "counter", players: 2...4, match: match)
        queue.interval = .milliseconds(100)
        queue.vacancies = .refill
        queue.modes = ["default", "ranked"]
        queue.regions = ["eu", "us"]
        return queue
    }()
}
