internal import PylonBytes
internal import PylonJSON
package import PylonSimulation
internal import PylonTime

/// Records one shard: writes down what happens, hands it to the writer block by block, and begins a new segment when the last is full.
///
/// A segment can be replayed by itself: it begins with a new shard or with a saved state. Worlds that cannot be saved have one segment, which
/// ends when the room is used up. Belongs to the shard's worker.
package final class ShardRecorder<World: Simulation> {
    private let recordings: Recordings
    private let track: RecordingTrack
    private let worldState: WorldState<World>
    private let setup: ShardSetup
    private let kind: String
    private let config: String
    private let rate: TickRate
    private let hashTicks: UInt64
    private var encoder = HistoryEncoder()
    private var scratch = HashScratch()
    private var stateWriter = StateWriter()
    private var segmentNext: UInt64 = 0
    private var segmentBytes = 0
    private var segmentStart = Instant(nanoseconds: 0)
    private var flushLast = Instant(nanoseconds: 0)
    /// When to try again after the writer could not take the beginning of a segment.
    private var retryAt = Instant(nanoseconds: 0)
    private var isRecording = false

    package init(
        _ recordings: Recordings, of setup: ShardSetup, kind: String, configuration: ShardConfiguration,
        worldState: WorldState<World>
    ) {
        self.recordings = recordings
        self.worldState = worldState
        self.setup = setup
        self.kind = kind
        config = String(decoding: setup.config.serialized(), as: UTF8.self)
        rate = configuration.tickRate
        hashTicks = UInt64(configuration.keeping.hashTicks ?? (rate.isEventDriven ? 20 : rate.hertz))
        track = recordings.track(of: setup.id, keeping: configuration.keeping)
    }

    /// Whether something waits to be handed over that ought to be before long: an event-driven shard may take no other step for hours.
    package var hasNews: Bool { isRecording && encoder.hasNews }

    // MARK: What happens

    /// The shard begins, new or restored.
    package func begin(_ shard: Shard<World>, sequenceLast: UInt64, eventLast: UInt64) {
        beginSegment(shard, sequenceLast: sequenceLast, eventLast: eventLast)
    }

    /// A connection of `subscriber` has been attached.
    package func joined(_ subscriber: SubscriberID, as role: SubscriberRole = .player) {
        if isRecording { encoder.joined(subscriber, as: role) }
    }

    /// A connection of `subscriber` has been detached.
    package func left(_ subscriber: SubscriberID, as role: SubscriberRole = .player) {
        if isRecording { encoder.left(subscriber, as: role) }
    }

    /// Something from another shard that the next step takes in.
    package func handoff(_ event: HandoffEvent) {
        guard isRecording else { return }
        encoder.handoff(event)
        if encoder.count >= RecordingSettings.blockBytes { flush() }
    }

    /// An input that the next step applies.
    package func input(_ input: RecordedInput) {
        guard isRecording else { return }
        encoder.input(
            input.json, from: input.subscriber, sequence: input.sequence, clientSequence: input.clientSequence)
        // Within a step, too: the inputs of one may come to more than a block holds.
        if encoder.count >= RecordingSettings.blockBytes { flush() }
    }

    /// The shard took a step.
    package func stepped(_ shard: Shard<World>, sequenceLast: UInt64, eventLast: UInt64) {
        let now = recordings.clock.now()
        guard isRecording else {
            if worldState.isPersistent, now >= retryAt {
                beginSegment(shard, sequenceLast: sequenceLast, eventLast: eventLast)
            }
            return
        }
        encoder.stepped()
        if shard.tick.number % hashTicks == 0 { hash(shard) }
        let age = now - flushLast
        let isDue =
            encoder.count >= RecordingSettings.blockBytes || age >= RecordingSettings.flushIntervalQuiet
            || encoder.hasNews && age >= RecordingSettings.flushInterval
        if isDue { flush() }
        rotate(shard, now, sequenceLast: sequenceLast, eventLast: eventLast)
    }

    /// Hands over what there is.
    package func flush() {
        guard isRecording else { return }
        flushLast = recordings.clock.now()
        _ = encoder.cut { payload, tick in
            segmentBytes += payload.count + RecordingBlock.headCount
            track.append(payload, tick: tick.number)
        }
    }

    private func hash(_ shard: Shard<World>) {
        if let hash = shard.stateHash(worldState, scratch: &scratch) { encoder.hash(hash) }
    }

    /// The shard has ended; how proves its last ticks.
    package func end(_ shard: Shard<World>) {
        guard isRecording else { return }
        hash(shard)
        flush()
        track.end(.shardEnded)
        isRecording = false
    }

    // MARK: Segments

    private func rotate(_ shard: Shard<World>, _ now: Instant, sequenceLast: UInt64, eventLast: UInt64) {
        let settings = recordings.settings
        guard worldState.isPersistent else {
            guard segmentBytes > settings.shardBytesMaximum else { return }
            hash(shard)
            flush()
            track.end(.outOfRoom)
            isRecording = false
            return
        }
        let isFull = segmentBytes > settings.shardBytesMaximum / RecordingSettings.segmentsPerShard
        let lifetime = settings.window.map { $0 / RecordingSettings.segmentsPerShard } ?? .seconds(86_400)
        let isOver = isFull || now - segmentStart >= lifetime || !track.isWhole
        guard isOver, track.hasRoom, now >= retryAt else { return }
        hash(shard)
        flush()
        track.end(.continued)
        beginSegment(shard, sequenceLast: sequenceLast, eventLast: eventLast)
    }

    private func beginSegment(_ shard: Shard<World>, sequenceLast: UInt64, eventLast: UInt64) {
        let now = recordings.clock.now()
        // A second: a disk that is full stays so for a while, and saving a state takes time from the tick.
        retryAt = now + .seconds(1)
        segmentStart = now
        flushLast = now
        var state: SharedBytes?
        let isNew = shard.tick.number == 0 && shard.attached.isEmpty
        if !isNew {
            stateWriter.reset()
            let isSaved = SavedShard.write(
                shard, worldState, sequenceLast: sequenceLast, eventLast: eventLast, into: &stateWriter)
            guard isSaved else {
                // Larger than a state may be: it was written for nothing, which must not happen every second.
                retryAt = now + .seconds(60)
                isRecording = false
                return
            }
            state = stateWriter.withUnsafeBytes { SharedBytes($0) }
        }
        let startedAt = recordings.clock.microsecondsSinceEpoch()
        let header = RecordingHeader(
            shard: setup.id, kind: kind, config: config, seed: setup.seed, hertz: UInt64(rate.hertz),
            program: recordings.settings.program, recordedAt: startedAt, segment: segmentNext, hasState: !isNew)
        var headerWriter = StateWriter()
        header.write(into: &headerWriter)
        let headerBytes = headerWriter.withUnsafeBytes { SharedBytes($0) }
        encoder.begin(at: shard.tick)
        segmentBytes = headerBytes.count + (state?.count ?? 0)
        isRecording = track.begin(header: headerBytes, state: state, startedAt: startedAt, number: segmentNext)
        if isRecording { segmentNext += 1 }
    }
}
