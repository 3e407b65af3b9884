internal import PylonBytes
package import PylonThreading

/// Who wants to hear when a player's status changes. Safe from any thread.
package final class MatchWatchers: Sendable {
    /// For one player at a time: tabs and devices, and answers that are waited for.
    package static let perPlayerMaximum = 16

    private struct State {
        var watchers: [ExactText: [UInt64: @Sendable () -> Void]] = [:]
        var last: UInt64 = 0
        /// Whose watchers are to be told, and whether the thread has been asked to.
        var changed: Set<ExactText> = []
        var isTelling = false
    }

    private let state = Lock(State())
    private let thread: BlockingThread

    /// The watchers are called on `thread`, which is to have room for one more piece of work than others give it.
    package init(thread: BlockingThread) {
        self.thread = thread
    }

    /// Has `watcher` called after each change of the player's status; several changes may be one call. Nil when there are as many as
    /// there may be.
    func watch(_ player: String, _ watcher: @escaping @Sendable () -> Void) -> UInt64? {
        state.withLock { state in
            let player = ExactText(player)
            guard state.watchers[player]?.count ?? 0 < Self.perPlayerMaximum else { return nil }
            state.last += 1
            state.watchers[player, default: [:]][state.last] = watcher
            return state.last
        }
    }

    func unwatch(_ player: String, _ number: UInt64) {
        state.withLock { state in
            let player = ExactText(player)
            state.watchers[player]?[number] = nil
            if state.watchers[player]?.isEmpty == true { state.watchers[player] = nil }
        }
    }

    /// Tells those who watch any of the players. Returns at once.
    package func changed(_ players: [String]) {
        let mustAsk = state.withLock { state in
            // Nobody to tell, nothing to keep.
            for player in players.map(ExactText.init) where state.watchers[player] != nil {
                state.changed.insert(player)
            }
            guard !state.changed.isEmpty, !state.isTelling else { return false }
            state.isTelling = true
            return true
        }
        guard mustAsk, !thread.submit({ self.tell() }) else { return }
        // The next change tries again, for all.
        state.withLock { $0.isTelling = false }
    }

    private func tell() {
        let watchers = state.withLock { state in
            let players = state.changed
            state.changed = []
            state.isTelling = false
            return players.flatMap { player in
                (state.watchers[player] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
            }
        }
        for watcher in watchers { watcher() }
    }
}
