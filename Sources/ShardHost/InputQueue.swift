internal import PylonJSON
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
        /// The step it waits for; 0 for the next.
        let due: UInt64
        let bytesCount: Int
        /// What it was decoded from, where that is kept; else null.
        let json: JSONValue
    }

    private struct State {
        var entries: [Entry] = []
        var sequenceLast: UInt64 = 0
        var bytesCount = 0
        /// How many entries each subscriber has in the queue.
        var shares: [SubscriberID: Int] = [:]
        /// The latest step that an input of each subscriber waits for.
        var dues: [SubscriberID: UInt64] = [:]
        /// Connections whose seat another has taken up, while they are still there: what they send is sent again by that other.
        var superseded: Set<UInt64> = []
        /// Connections that go to another shard with their subscriber, until they are there.
        var departed: Set<UInt64> = []
    }

    private let state: Lock<State>
    private let capacity: Int
    private let keepsJSON: Bool
    /// One subscriber gets a quarter of the queue, so that whoever floods a shard silences only itself; small queues are shared freely.
    private let shareMaximum: Int
    /// How many steps an input may wait for the one it belongs to.
    private let delay: UInt64

    /// `capacity` 0 is unlimited. An input that names a tick waits for the step `delay` behind it, but at most for `delay` steps. Numbers go on
    /// behind `sequenceLast`.
    init(capacity: Int, delay: Int = 0, sequenceLast: UInt64 = 0, keepsJSON: Bool = false) {
        state = Lock(State(sequenceLast: sequenceLast))
        self.keepsJSON = keepsJSON
        self.delay = UInt64(delay)
        self.capacity = capacity == 0 ? .max : capacity
        shareMaximum = capacity == 0 ? .max : max(64, capacity / 4)
    }

    var count: Int { state.withLock { $0.entries.count } }

    /// What became of an input that was taken.
    struct Pushed {
        let sequence: UInt64
        /// Whether the queue was empty.
        let isFirst: Bool
        /// Whether its step had been taken already.
        let isLate: Bool
    }

    /// Appends an input and gives it the next sequence number; nil when the queue is full. `nextStep` is the number of the step that
    /// comes next.
    func push(
        _ input: World.Input, of message: InputMessage, from subscriber: SubscriberID, caller: Caller,
        isAuthorized: Bool, origin: InputOrigin, nextStep: UInt64
    ) -> Pushed? {
        state.withLock { state in
            if !(state.superseded.isEmpty && state.departed.isEmpty), case .connection(let attachment) = origin,
                state.superseded.contains(attachment) || state.departed.contains(attachment)
            {
                return nil
            }
            let share = state.shares[subscriber, default: 0]
            guard state.entries.count < capacity, share < shareMaximum,
                state.bytesCount + message.bytesCount <= Self.bytesMaximum
            else { return nil }
            state.bytesCount += message.bytesCount
            state.shares[subscriber] = share + 1
            state.sequenceLast += 1
            let queued = Shard<World>.QueuedInput(
                sequence: state.sequenceLast, clientSequence: message.clientSequence, subscriber: subscriber,
                input: input, origin: origin)
            let (due, isLate) = step(for: message.tick, of: subscriber, nextStep, &state.dues)
            state.entries.append(
                Entry(
                    queued: queued, caller: caller, isAuthorized: isAuthorized, due: due,
                    bytesCount: message.bytesCount, json: keepsJSON ? message.input : .null))
            return Pushed(sequence: state.sequenceLast, isFirst: state.entries.count == 1, isLate: isLate)
        }
    }

    /// The step that an input for `tick` waits for, never before an earlier one of its sender.
    private func step(
        for tick: UInt64?, of subscriber: SubscriberID, _ nextStep: UInt64, _ dues: inout [SubscriberID: UInt64]
    ) -> (due: UInt64, isLate: Bool) {
        guard delay > 0 else { return (0, false) }
        var due = nextStep
        var isLate = false
        if let tick {
            let (wanted, isBeyond) = tick.addingReportingOverflow(delay)
            isLate = !isBeyond && wanted < nextStep
            // Never longer than the delay: a client that claims to be far ahead only delays itself.
            due = isBeyond ? nextStep + delay : min(max(wanted, nextStep), nextStep + delay)
        }
        due = max(due, dues[subscriber] ?? 0)
        if due > nextStep { dues[subscriber] = due }
        return (due, isLate)
    }

    /// Moves what is to be applied in `step` into `entries`, which is empty and keeps its capacity from tick to tick.
    func drain(into entries: inout [Entry], step: UInt64) {
        guard delay == 0 else { return drainDue(into: &entries, step: step) }
        var taken = entries
        entries = []
        taken = exchange(taken)
        entries = taken
    }

    /// Drops what a connection sent and still waits, and the numbered inputs by request of `posts`, because its client goes on over another
    /// connection and sends them again: nothing is to be applied twice. While it `isThere` nothing more is taken from it.
    func supersede(_ attachment: UInt64, isThere: Bool, posts subscriber: SubscriberID?) {
        state.withLock { state in
            if isThere { state.superseded.insert(attachment) }
            func isSentAgain(_ input: Shard<World>.QueuedInput) -> Bool {
                switch input.origin {
                case .connection(let sender): sender == attachment
                case .request: input.subscriber == subscriber && input.clientSequence != nil
                case .unanswered: false
                }
            }
            for entry in state.entries where isSentAgain(entry.queued) { Self.forget(entry, in: &state) }
            state.entries.removeAll { isSentAgain($0.queued) }
        }
    }

    /// Takes out what a connection sent and still waits, because its subscriber has gone to another shard, and takes nothing more from it;
    /// returns the numbers that the client gave.
    func depart(_ attachment: UInt64) -> [UInt64?] {
        state.withLock { state in
            state.departed.insert(attachment)
            let origin = InputOrigin.connection(attachment)
            let waiting = state.entries.filter { $0.queued.origin == origin }
            for entry in waiting { Self.forget(entry, in: &state) }
            state.entries.removeAll { $0.queued.origin == origin }
            return waiting.map(\.queued.clientSequence)
        }
    }

    /// Whether a connection is on its way to another shard.
    func hasDeparted(_ origin: InputOrigin) -> Bool {
        guard case .connection(let attachment) = origin else { return false }
        return state.withLock { $0.departed.contains(attachment) }
    }

    /// Forgets a connection that is at another shard by now, or has gone on its way there.
    func forgetDeparted(_ attachment: UInt64) {
        state.withLock { state in
            if !state.departed.isEmpty { state.departed.remove(attachment) }
        }
    }

    /// Forgets a connection that has gone.
    func detach(_ attachment: UInt64) {
        state.withLock { state in
            if !state.superseded.isEmpty { state.superseded.remove(attachment) }
        }
    }

    private static func forget(_ entry: Entry, in state: inout State) {
        state.bytesCount -= entry.bytesCount
        let share = state.shares[entry.queued.subscriber, default: 1] - 1
        state.shares[entry.queued.subscriber] = share > 0 ? share : nil
    }

    /// Moves what has waited long enough, in the order of arrival; the rest goes on waiting, and counting.
    private func drainDue(into entries: inout [Entry], step: UInt64) {
        entries += state.withLock { state in
            let taken = state.entries.filter { $0.due <= step }
            guard !taken.isEmpty else { return taken }
            state.entries.removeAll { $0.due <= step }
            state.dues = state.dues.filter { $0.value > step }
            for entry in taken { Self.forget(entry, in: &state) }
            return taken
        }
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
