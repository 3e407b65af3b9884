internal import PylonSimulation
internal import PylonThreading

/// The inputs that wait for a shard's next tick. Connections push from their loops, the worker drains. Full, in inputs or in bytes:
/// the newest is refused, and its sender told.
final class InputQueue<World: Simulation>: Sendable {
    /// The messages that the waiting inputs came in add up to at most 64 MiB.
    static var bytesMaximum: Int { 64 * 1024 * 1024 }

    struct Entry: Sendable {
        let queued: Shard<World>.QueuedInput
        let caller: Caller
        /// Whether the world's `authorizeInput` has been asked already.
        let isAuthorized: Bool
    }

    private struct State {
        var entries: [Entry] = []
        var sequenceLast: UInt64 = 0
        var bytesCount = 0
        /// How many entries each subscriber has in the queue.
        var shares: [SubscriberID: Int] = [:]
    }

    private let state = Lock(State())
    private let capacity: Int
    /// One subscriber gets a quarter of the queue, so that whoever floods a shard silences only itself; small queues are shared freely.
    private let shareMaximum: Int

    /// `capacity` 0 is unlimited.
    init(capacity: Int) {
        self.capacity = capacity == 0 ? .max : capacity
        shareMaximum = capacity == 0 ? .max : max(64, capacity / 4)
    }

    var count: Int { state.withLock { $0.entries.count } }

    /// Appends an input and gives it the next sequence number; nil when the queue is full. `isFirst` tells whether it was empty.
    func push(
        _ input: World.Input, of message: InputMessage, from subscriber: SubscriberID, caller: Caller,
        isAuthorized: Bool
    ) -> (sequence: UInt64, isFirst: Bool)? {
        state.withLock { state in
            let share = state.shares[subscriber, default: 0]
            guard state.entries.count < capacity, share < shareMaximum,
                state.bytesCount + message.bytesCount <= Self.bytesMaximum
            else { return nil }
            state.bytesCount += message.bytesCount
            state.shares[subscriber] = share + 1
            state.sequenceLast += 1
            let queued = Shard<World>.QueuedInput(
                sequence: state.sequenceLast, clientSequence: message.clientSequence, subscriber: subscriber,
                input: input)
            state.entries.append(Entry(queued: queued, caller: caller, isAuthorized: isAuthorized))
            return (state.sequenceLast, state.entries.count == 1)
        }
    }

    /// Moves everything that waits into `entries`, which is empty and keeps its capacity from tick to tick.
    func drain(into entries: inout [Entry]) {
        var taken = entries
        entries = []
        taken = exchange(taken)
        entries = taken
    }

    private func exchange(_ empty: [Entry]) -> [Entry] {
        state.withLock { state in
            let waiting = state.entries
            state.entries = empty
            state.shares.removeAll(keepingCapacity: true)
            state.bytesCount = 0
            return waiting
        }
    }
}
