internal import PylonEventLoop
internal import PylonGateway
internal import PylonJSON
package import PylonMatchmaking
package import PylonThreading

/// What clients do with the matchmaker, whatever the transport; on a thread of its own where an event loop would have to wait for the
/// matchmaker's lock.
package struct MatchDesk: Sendable {
    package let matchmaker: Matchmaker
    let watchers: MatchWatchers
    private let thread: BlockingThread

    package init(matchmaker: Matchmaker, watchers: MatchWatchers, thread: BlockingThread) {
        self.matchmaker = matchmaker
        self.watchers = watchers
        self.thread = thread
    }

    /// Runs `work` on the desk's thread; false when that has too much to do already.
    func submit(_ work: @escaping @Sendable () -> Void) -> Bool { thread.submit(work) }

    /// Joins the queue that a body names: `{"queue":"duel","criteria":{…}}`.
    func join(_ player: String, _ body: JSONValue) throws(APIError) {
        guard body.object != nil else { throw .invalidJSON("The body must be an object.") }
        let name = try body.requiredString("queue")
        do throws(MatchmakingError) {
            let queue = try matchmaker.queue(name)
            let criteria = try Self.criteria(body["criteria"] ?? .null, for: queue, matchmaker.companions(of: player))
            try matchmaker.join(player, queue: name, criteria)
        } catch {
            throw .matchmaking(error)
        }
    }

    private static func criteria(
        _ json: JSONValue, for queue: MatchQueue, _ players: [String]
    ) throws(MatchmakingError) -> MatchCriteria {
        do throws(CriteriaProblem) {
            return try queue.review(players, MatchCriteria(json: json.isNull ? [:] : json, for: queue))
        } catch {
            throw .criteria(error)
        }
    }

    /// Acknowledges a player's assignment.
    func acknowledge(_ player: String) throws(APIError) -> MatchAssignment {
        do throws(MatchmakingError) {
            return try matchmaker.acknowledge(player)
        } catch {
            throw .matchmaking(error)
        }
    }

    /// Calls `answer` once: as soon as the player's status is another than the one called `unless`, at the latest after `patience`. On the
    /// desk's thread.
    func await(
        _ player: String, unless name: String, for patience: Duration, timer loop: EventLoop,
        _ answer: @escaping @Sendable (PlayerStatus) -> Void
    ) {
        let poll = Poll(desk: self, player: player, unless: name, answer: answer)
        // Nothing is left behind by those who need not wait.
        guard patience > .zero, matchmaker.status(of: player).name == name,
            let number = watchers.watch(player, { poll.look(isLast: false) })
        else { return poll.look(isLast: true) }
        poll.begin(number)
        loop.submit {
            loop.schedule(after: patience) {
                // The last look takes the lock, which a loop does not. When the thread is gone, so is everything else.
                _ = submit { poll.look(isLast: true) }
            }
        }
        // What has changed before the watcher was there.
        poll.look(isLast: false)
    }

    /// Somebody who waits for an answer.
    private final class Poll: Sendable {
        private struct State {
            var isAnswered = false
            var number: UInt64?
        }

        private let desk: MatchDesk
        private let player: String
        private let unless: String
        private let answer: @Sendable (PlayerStatus) -> Void
        private let state = Lock(State())

        init(
            desk: MatchDesk, player: String, unless: String, answer: @escaping @Sendable (PlayerStatus) -> Void
        ) {
            self.desk = desk
            self.player = player
            self.unless = unless
            self.answer = answer
        }

        func begin(_ number: UInt64) {
            state.withLock { $0.number = number }
        }

        func look(isLast: Bool) {
            let status = desk.matchmaker.status(of: player)
            guard isLast || status.name != unless else { return }
            let (isFirst, number) = state.withLock { state in
                defer { state.isAnswered = true }
                return (!state.isAnswered, state.number)
            }
            guard isFirst else { return }
            if let number { desk.watchers.unwatch(player, number) }
            answer(status)
        }
    }
}
