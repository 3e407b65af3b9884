internal import PylonBytes
internal import PylonThreading

/// What waits to be read from a connection, bounded by class: states go oldest first, events never, everything else is little.
final class MessageQueue: Sendable {
    /// Of acknowledgements one waits, the newest; of greetings, refusals and the like so many, then the oldest go.
    static let noticesMaximum = 256
    /// States hold at most this many bytes besides the newest.
    static let stateBytesMaximum = 32 << 20

    private enum Class { case state, event, acknowledgement, notice }

    private struct State {
        var messages = Deque<ShardMessage>()
        var counts: [Class: Int] = [:]
        var stateBytes = 0
        var isEnded = false
        var dropped: UInt64 = 0
        var readers = Deque<(id: UInt64, continuation: CheckedContinuation<ShardMessage?, Never>)>()
        var readerLast: UInt64 = 0
        /// Called once when the last event that waits has been read.
        var drained: (@Sendable () -> Void)?
    }

    private let statesMaximum: Int
    private let eventsMaximum: Int
    private let state = Lock(State())

    init(statesMaximum: Int, eventsMaximum: Int) {
        self.statesMaximum = statesMaximum
        self.eventsMaximum = eventsMaximum
    }

    /// States left out so far because they were not read in time.
    var droppedTotal: UInt64 { state.withLock { $0.dropped } }

    /// Hands a message on. False for an event for which there is no room: nothing has changed then.
    func put(_ message: ShardMessage) -> Bool {
        let (isTaken, reader) = state.withLock { state -> (Bool, CheckedContinuation<ShardMessage?, Never>?) in
            guard !state.isEnded else { return (true, nil) }
            if state.messages.isEmpty, !state.readers.isEmpty {
                return (true, state.readers.removeFirst().continuation)
            }
            let kind = Self.kind(of: message)
            if kind == .event, state.counts[.event, default: 0] >= eventsMaximum { return (false, nil) }
            makeRoom(for: message, kind, in: &state)
            state.messages.append(message)
            state.counts[kind, default: 0] += 1
            state.stateBytes += Self.bytes(of: message)
            return (true, nil)
        }
        reader?.resume(returning: message)
        return isTaken
    }

    /// The messages end behind those that wait.
    func end() {
        let readers = state.withLock { state in
            state.isEnded = true
            state.drained = nil
            var readers: [CheckedContinuation<ShardMessage?, Never>] = []
            while !state.readers.isEmpty { readers.append(state.readers.removeFirst().continuation) }
            return readers
        }
        for reader in readers { reader.resume(returning: nil) }
    }

    /// Calls `body` once no event waits any more, at once if none does.
    func whenEventsAreRead(_ body: @escaping @Sendable () -> Void) {
        let isDrained = state.withLock { state in
            if state.counts[.event, default: 0] == 0 { return true }
            state.drained = body
            return false
        }
        if isDrained { body() }
    }

    /// The next message, waiting for it; nil at the end and when the task is cancelled.
    func next() async -> ShardMessage? {
        let id = state.withLock { state in
            state.readerLast += 1
            return state.readerLast
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { take(id, $0) }
        } onCancel: {
            cancel(id)
        }
    }

    private func take(_ id: UInt64, _ continuation: CheckedContinuation<ShardMessage?, Never>) {
        let (isOver, message, drained) = state.withLock {
            state -> (Bool, ShardMessage?, (@Sendable () -> Void)?) in
            guard !Task.isCancelled else { return (true, nil, nil) }
            guard !state.messages.isEmpty else {
                if state.isEnded { return (true, nil, nil) }
                state.readers.append((id, continuation))
                return (false, nil, nil)
            }
            let message = state.messages.removeFirst()
            let kind = Self.kind(of: message)
            state.counts[kind, default: 0] -= 1
            state.stateBytes -= Self.bytes(of: message)
            guard kind == .event, state.counts[.event] == 0 else { return (true, message, nil) }
            defer { state.drained = nil }
            return (true, message, state.drained)
        }
        if isOver { continuation.resume(returning: message) }
        drained?()
    }

    private func cancel(_ id: UInt64) {
        let reader = state.withLock { state -> CheckedContinuation<ShardMessage?, Never>? in
            var kept = Deque<(id: UInt64, continuation: CheckedContinuation<ShardMessage?, Never>)>()
            var found: CheckedContinuation<ShardMessage?, Never>?
            while !state.readers.isEmpty {
                let reader = state.readers.removeFirst()
                if reader.id == id { found = reader.continuation } else { kept.append(reader) }
            }
            state.readers = kept
            return found
        }
        reader?.resume(returning: nil)
    }

    // MARK: Bounds

    private func makeRoom(for message: ShardMessage, _ kind: Class, in state: inout State) {
        switch kind {
        case .event: break
        case .acknowledgement:
            // Every state tells the newest one that it contains.
            if state.counts[kind, default: 0] > 0 { Self.removeOldest(kind, from: &state) }
        case .notice:
            if state.counts[kind, default: 0] >= Self.noticesMaximum { Self.removeOldest(kind, from: &state) }
        case .state:
            let bytes = Self.bytes(of: message)
            while state.counts[kind, default: 0] > 0,
                state.counts[kind, default: 0] >= statesMaximum || state.stateBytes + bytes > Self.stateBytesMaximum
            {
                Self.removeOldest(kind, from: &state)
                state.dropped += 1
            }
        }
    }

    /// O(messages), for the slow reader it happens to.
    private static func removeOldest(_ kind: Class, from state: inout State) {
        var kept = Deque<ShardMessage>()
        var isFound = false
        while !state.messages.isEmpty {
            let message = state.messages.removeFirst()
            if !isFound, Self.kind(of: message) == kind {
                isFound = true
                state.counts[kind, default: 0] -= 1
                state.stateBytes -= bytes(of: message)
            } else {
                kept.append(message)
            }
        }
        state.messages = kept
    }

    private static func kind(of message: ShardMessage) -> Class {
        switch message {
        case .state: .state
        case .event: .event
        case .acknowledged: .acknowledgement
        case .status, .hello, .refused, .failure, .bye: .notice
        }
    }

    private static func bytes(of message: ShardMessage) -> Int {
        if case .state(let state) = message { state.bytesCount } else { 0 }
    }
}
