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
    private let pieces = Pieces()

    /// Pieces of clients' work that wait at a time.
    package static let piecesMaximum = 4096
    /// What the thread has room for: news of changes find it when clients have taken all of theirs.
    package static let threadCapacity = piecesMaximum + 1
    /// How soon a last look comes again for which there was no room.
    static let retryInterval: Duration = .milliseconds(250)

    /// `thread` has room for `threadCapacity` pieces, and `watchers` are told on it.
    package init(matchmaker: Matchmaker, watchers: MatchWatchers, thread: BlockingThread) {
        self.matchmaker = matchmaker
        self.watchers = watchers
        self.thread = thread
    }

    /// Runs `work` on the desk's thread; false when that has too much to do already.
    func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        guard pieces.add() else { return false }
        let isQueued = thread.submit { [pieces] in
            pieces.remove()
            work()
        }
        if !isQueued { pieces.remove() }
        return isQueued
    }

    /// Pieces that wait now.
    var piecesWaiting: Int { pieces.count }

    /// Joins the queue that a body names: `{"queue":"duel","criteria":{…}}`.
    func join(_ player: String, _ body: JSONValue, from origin: MatchOrigin) throws(APIError) {
        guard body.object != nil else { throw .invalidJSON("The body must be an object.") }
        let name = try body.requiredString("queue")
        do throws(MatchmakingError) {
            let queue = try matchmaker.queue(name)
            let criteria = try Self.criteria(body["criteria"] ?? .null, for: queue, matchmaker.companions(of: player))
            try matchmaker.join(player, queue: name, criteria, from: origin)
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
            lookLast(poll, after: patience, timer: loop)
        }
        // What has changed before the watcher was there.
        poll.look(isLast: false)
    }

    /// The last look takes the lock, which a loop does not. It is for sure: whoever waits holds a place among the watchers.
    private func lookLast(_ poll: Poll, after delay: Duration, timer loop: EventLoop) {
        loop.schedule(after: delay) {
            if !submit({ poll.look(isLast: true) }) { lookLast(poll, after: Self.retryInterval, timer: loop) }
        }
    }

    /// How much of the thread's room clients have taken.
    private final class Pieces: Sendable {
        private let waiting = Lock(0)

        var count: Int { waiting.withLock { $0 } }

        /// False when they have all there is for them.
        func add() -> Bool {
            waiting.withLock { count in
                guard count < MatchDesk.piecesMaximum else { return false }
                count += 1
                return true
            }
        }

        func remove() { waiting.withLock { $0 -= 1 } }
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
