internal import PylonJSON
package import PylonSimulation
package import PylonTime

/// Runs a shard again from what was recorded of it: the same calls in the same order, as fast as the world can.
///
/// Live, inputs of a tick are applied before its step; so they are here, at the tick at which they were (spec/realtime.md 8, defect 20).
package struct Replayer<World: Simulation>: ~Copyable {
    package private(set) var shard: Shard<World>
    /// The newest sequence number that an input had.
    package private(set) var sequenceLast: UInt64
    /// The number of the newest event.
    package private(set) var eventLast: UInt64
    /// The tokens that are good for seats; only journals and the states of stored shards have any.
    package var seats: [SavedSeat] { tokens.map { SavedSeat(subscriber: $0, tokens: $1) } }
    private var tokens: [SubscriberID: [TokenDigest]]
    /// What the replay came to so far.
    package private(set) var report: ReplayReport
    private var decoder: HistoryDecoder
    private let worldState: WorldState<World>
    private let range: ClosedRange<Tick>
    private var scratch = HashScratch()
    private var inputs: [Shard<World>.QueuedInput] = []
    private var handoffs: [HandoffEvent] = []
    private let events = EventOutbox()

    /// A replay that goes on from `start`; hashes are compared at the ticks of `range`, and it ends behind that.
    package init(
        _ start: SavedShard<World>, _ worldState: WorldState<World>, range: ClosedRange<Tick> = Tick(0)...Tick(.max)
    ) {
        shard = start.shard
        sequenceLast = start.sequenceLast
        eventLast = start.eventLast
        tokens = Dictionary(start.seats.map { ($0.subscriber, $0.tokens) }) { _, last in last }
        decoder = HistoryDecoder(at: start.shard.tick)
        report = ReplayReport(firstTick: start.shard.tick.number)
        self.worldState = worldState
        self.range = range
    }

    /// Runs the next block of history; false when there is no point in another: the end of the range, or a divergence.
    package mutating func run(_ payload: [UInt8]) -> Bool {
        // The decoder and the rest of this are changed in turn: the closure may touch only one of them.
        var records: [HistoryRecord] = []
        var problem: StateError?
        do throws(StateError) {
            try decoder.decode(payload) { record in
                records.append(record)
                return true
            }
        } catch {
            problem = error
        }
        for record in records {
            guard apply(record) else { return false }
        }
        guard let problem else { return true }
        report.problem = "behind tick \(shard.tick): \(problem)"
        return false
    }

    private mutating func apply(_ record: HistoryRecord) -> Bool {
        switch record {
        case .joined(let subscriber, let role): shard.attach(subscriber, as: role)
        case .left(let subscriber, let role):
            shard.detach(subscriber, as: role)
            if !shard.isAttached(subscriber) { tokens[subscriber] = nil }
        case .input(let input): return take(input)
        case .handoff(let event): handoffs.append(event)
        case .seat(let seat): tokens[seat.subscriber] = seat.tokens
        case .steps(let count):
            for _ in 0..<count {
                guard shard.tick < range.upperBound else { return false }
                step()
            }
        case .hash(let expected): return compare(expected)
        }
        return true
    }

    private mutating func take(_ input: RecordedInput) -> Bool {
        sequenceLast = max(sequenceLast, input.sequence)
        do {
            inputs.append(
                Shard<World>.QueuedInput(
                    sequence: input.sequence, clientSequence: input.clientSequence, subscriber: input.subscriber,
                    input: try World.decodeInput(input.json)))
            return true
        } catch {
            // It was accepted when it was recorded: this is other code.
            report.divergedAt = shard.tick.number + 1
            report.problem = "an input of tick \(shard.tick.next) from \(input.subscriber) is refused now: \(error)"
            return false
        }
    }

    private mutating func step() {
        report.inputs += UInt64(inputs.count)
        shard.step(handoffs: handoffs, inputs: inputs, events: events)
        handoffs.removeAll(keepingCapacity: true)
        inputs.removeAll(keepingCapacity: true)
        eventLast += UInt64(events.count)
        events.removeAll()
        report.ticks += 1
        report.lastTick = shard.tick.number
    }

    private mutating func compare(_ expected: UInt64) -> Bool {
        guard range.contains(shard.tick) else { return true }
        guard let found = shard.stateHash(worldState, scratch: &scratch) else {
            report.problem = "the recording has hashes, and this kind of world has none"
            report.divergedAt = shard.tick.number
            return false
        }
        report.checkpoints += 1
        if found == expected {
            report.exactUntil = shard.tick.number
            report.hash = found
            return true
        }
        report.divergedAt = shard.tick.number
        report.problem = "at tick \(shard.tick) the state is another than it was"
        return false
    }
}

extension Replayer {
    /// Replays a whole recording. Throws when it cannot be begun.
    package static func report(
        of recording: inout RecordingReader, _ worldState: WorldState<World>, setup: ShardSetup,
        configuration: ShardConfiguration, range: ClosedRange<Tick>, make: (ShardSetup) throws -> World
    ) throws -> ReplayReport {
        let start: SavedShard<World>
        if recording.header.hasState {
            guard case .state(let bytes) = recording.next() else { throw RecordingError.headerDamaged }
            start = try SavedShard(bytes, worldState, setup: setup, configuration: configuration)
        } else {
            start = SavedShard(
                shard: Shard(world: try make(setup), configuration: configuration, name: setup.id))
        }
        var replayer = Replayer(start, worldState, range: range)
        var outcome: ReplayReport.Ending?
        while outcome == nil {
            switch recording.next() {
            case .state: outcome = .torn(at: 0)
            case .history(let payload):
                if !replayer.run(payload) { outcome = .stopped }
            case .gap(let gap): outcome = .gap(gap)
            case .end(let end): outcome = .end(end)
            case .cut: outcome = .cut
            case .torn(let offset): outcome = .torn(at: offset)
            }
        }
        var report = replayer.report
        report.ending = outcome ?? .cut
        return report
    }
}
