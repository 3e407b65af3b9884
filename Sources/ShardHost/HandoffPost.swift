internal import PylonSimulation

/// Carries hand-offs, and the answers to them, between the shards of a process. It may lose, double and delay them: the shards' books do
/// without its help. Safe from any thread.
package struct HandoffPost: Sendable {
    /// Finds a shard by its name.
    let find: @Sendable (String) -> (any ShardHandle)?
    /// Whether the shard of a name that is not there will not come: neither back with this process, nor with the next.
    let isGoneForGood: @Sendable (String) -> Bool
    /// Whether every stored shard that comes back has done so.
    let isEverybodyThere: @Sendable () -> Bool
    /// Forgets a shard that was removed, now that everything is settled.
    let close: @Sendable (any ShardHandle) -> Void

    /// Sends something on its way; `source` is told when there is no shard of that name.
    func send(_ handoff: Handoff, from source: any ShardHandle) {
        if let target = find(handoff.target), target.isRunning || target.isSettling {
            return target.receive(.arrival(handoff))
        }
        // Asked behind the search: a shard that ends with the process is told so first.
        guard isGoneForGood(handoff.target) else { return }
        source.receive(
            .reply(
                HandoffReply(
                    source: handoff.source, target: handoff.target, sequence: handoff.sequence,
                    outcome: .refused(reason: "no such shard"))))
    }

    /// Answers.
    func send(_ reply: HandoffReply) {
        find(reply.source.shard)?.receive(.reply(reply))
    }
}
