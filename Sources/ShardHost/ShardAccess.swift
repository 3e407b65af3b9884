internal import PylonCrypto
package import PylonSimulation
internal import PylonThreading

/// Who may come into a shard. Open to everyone until it is restricted; the world's own `authorizeSubscribe` comes after it. Safe from any
/// thread.
package final class ShardAccess: Sendable {
    private struct State {
        var rule = AccessRule()
        /// What lets single players in, by the name under which they take part.
        var passes: [String: [UInt8]] = [:]
    }

    private let state = Lock(State())

    /// What a caller hears who wants to come in.
    package enum Verdict: Hashable, Sendable {
        case admitted
        /// No code was given.
        case codeMissing
        /// The code given opens nothing: somebody may be guessing.
        case codeWrong
    }

    init() {}

    /// Closes the shard to whoever the rule does not let in. Called before anyone can see the shard.
    func restrict(_ rule: AccessRule) {
        state.withLock { $0.rule = rule }
    }

    /// Whether a code is needed.
    package var isPrivate: Bool { state.withLock { $0.rule.isPrivate } }

    /// Whether `caller` may come in as `subscriber` with `code`. Administrators need none; a pass is good for its owner alone.
    package func verdict(_ subscriber: SubscriberID, _ caller: Caller, code: String?) -> Verdict {
        let (rule, pass) = state.withLock { ($0.rule, $0.passes[subscriber.name]) }
        guard rule.isPrivate, !caller.isAdmin else { return .admitted }
        guard let code, !code.isEmpty else { return .codeMissing }
        let offered = Array(code.utf8)
        // Both are compared, whatever comes of the first.
        let fitsCode = rule.joinCode?.fits(offered) ?? false
        let fitsPass = pass.map { ConstantTime.areEqual(offered, $0) } ?? false
        return fitsCode || (fitsPass && caller.userID == subscriber.name) ? .admitted : .codeWrong
    }

    /// Lets single players in with codes of their own, which are worth nothing to others.
    package func issue(_ codes: [String: String]) {
        state.withLock { state in
            for (player, code) in codes { state.passes[player] = Array(code.utf8) }
        }
    }

    /// Takes back what `issue` gave.
    package func revoke(_ players: [String]) {
        state.withLock { state in
            for player in players { state.passes[player] = nil }
        }
    }
}
