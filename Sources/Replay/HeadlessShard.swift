internal import Glibc
internal import PylonBytes
public import PylonJSON
public import PylonSimulation
public import PylonTime

/// A shard without a server: for tests of a game, for bots and soaks that run as fast as the world can, and for making recordings of
/// them. It does what a server does, in the same order. Belongs to one thread.
public final class HeadlessShard<World: Simulation> {
    /// The shard as it is.
    public private(set) var shard: Shard<World>
    /// What it was made from.
    public let setup: ShardSetup
    private let kind: String
    private let worldState: WorldState<World>
    private var sequence: UInt64 = 0
    private var eventLast: UInt64 = 0
    private var inputs: [Shard<World>.QueuedInput] = []
    var handoffs = HeadlessHandoffs()
    private let events = EventOutbox()
    private var scratch = HashScratch()
    private var recording: FileDescriptor?
    private var encoder = HistoryEncoder()
    private var hashTicks: UInt64 = 1

    /// A new shard of the kind called `kind`, whose worlds `makeWorld` makes. Throws what that throws, and `ConfigurationError` for the
    /// engine's own fields of `setup.config`.
    public convenience init(_ setup: ShardSetup, kind: String, _ makeWorld: (ShardSetup) throws -> World) throws {
        try self.init(setup, kind, WorldState(), makeWorld)
    }

    /// A new shard whose world can be saved.
    public convenience init(_ setup: ShardSetup, kind: String, _ makeWorld: (ShardSetup) throws -> World) throws
    where World: PersistentSimulation {
        try self.init(setup, kind, WorldState(), makeWorld)
    }

    private init(
        _ setup: ShardSetup, _ kind: String, _ worldState: WorldState<World>, _ makeWorld: (ShardSetup) throws -> World
    ) throws {
        self.setup = setup
        self.kind = kind
        self.worldState = worldState
        shard = Shard(
            world: try makeWorld(setup), configuration: try ShardConfiguration(json: setup.config), name: setup.id)
        // The first of its name, as far as other shards know.
        shard.begin(incarnation: 1)
    }

    /// The last step taken.
    public var tick: Tick { shard.tick }

    // MARK: What happens

    /// A connection of `subscriber` comes.
    public func attach(_ subscriber: SubscriberID, as role: SubscriberRole = .player) {
        shard.attach(subscriber, as: role)
        if recording != nil { encoder.joined(subscriber, as: role) }
    }

    /// A connection of `subscriber` goes.
    public func detach(_ subscriber: SubscriberID, as role: SubscriberRole = .player) {
        shard.detach(subscriber, as: role)
        if recording != nil { encoder.left(subscriber, as: role) }
    }

    /// Gives the next step an input as a client would send it. Throws what the world's decoding throws, and `ShardError.moving` when something of
    /// the sender's is on its way to another shard; the world is not asked for its permission.
    public func input(_ json: JSONValue, from subscriber: SubscriberID, clientSequence: UInt64? = nil) throws {
        let input = try World.decodeInput(json)
        guard !shard.isDeparting(subscriber) else { throw ShardError.moving }
        sequence += 1
        inputs.append(
            Shard<World>.QueuedInput(
                sequence: sequence, clientSequence: clientSequence, subscriber: subscriber, input: input))
        guard recording != nil else { return }
        encoder.input(json, from: subscriber, sequence: sequence, clientSequence: clientSequence)
    }

    /// Takes a step.
    public func step() {
        let arrived = handoffs.takeWaiting()
        if recording != nil { for event in arrived { encoder.handoff(event) } }
        shard.step(handoffs: arrived, inputs: inputs, events: events)
        inputs.removeAll(keepingCapacity: true)
        eventLast += UInt64(events.count)
        events.removeAll()
        if recording != nil { encoder.stepped() }
        for subscriber in handoffs.take(shard.handoffResults) where !shard.isDeparting(subscriber) {
            while shard.isAttached(subscriber) { detach(subscriber) }
        }
        guard recording != nil else { return }
        if shard.tick.number % hashTicks == 0, let hash = stateHash() { encoder.hash(hash) }
        if encoder.count >= RecordingSettings.blockBytes { flush() }
    }

    /// The hash of everything that the future depends on, the same on every machine; nil for a world that says nothing of its state.
    public func stateHash() -> UInt64? {
        shard.stateHash(worldState, scratch: &scratch)
    }

    /// Saves the shard and goes on with what comes back, as a server does that was stopped and started. Throws when the world cannot be
    /// saved, or what it throws when it is restored.
    public func restart() throws {
        var state = StateWriter()
        let isSaved = SavedShard.write(
            shard, worldState, sequenceLast: sequence, eventLast: eventLast, into: &state)
        guard isSaved else { throw StateError.malformed("the world cannot be saved, or its state is too large") }
        let saved = try SavedShard(
            state.copyBytes(), worldState, setup: setup, configuration: shard.configuration)
        shard = saved.shard
    }

    // MARK: Recording

    /// Records from now on into a file, with a hash every so many ticks; call it before the first step. Blocks on the disk while steps are
    /// taken. Throws when the file cannot be made.
    public func record(to path: String, hashEvery ticks: UInt64) throws {
        precondition(shard.tick.number == 0 && shard.connectionCount == 0, "a recording begins with a new shard")
        let file = try FileDescriptor(path)
        hashTicks = max(1, ticks)
        let header = RecordingHeader(
            shard: setup.id, kind: kind, config: String(decoding: setup.config.serialized(), as: UTF8.self),
            seed: setup.seed, hertz: UInt64(shard.configuration.tickRate.hertz), program: "", recordedAt: 0, segment: 0,
            hasState: false)
        var state = StateWriter()
        header.write(into: &state)
        var framed = ByteBuffer()
        framed.append(RecordingBlock.magic)
        state.withUnsafeBytes { RecordingBlock.append(.header, $0, to: &framed) }
        framed.withUnsafeBytes { file.write($0) }
        recording = file
    }

    /// Ends the recording; false when the disk refused something of it.
    public func endRecording() -> Bool {
        guard let recording else { return true }
        flush()
        var state = StateWriter()
        RecordingEnd.shardEnded.write(into: &state)
        var framed = ByteBuffer()
        state.withUnsafeBytes { RecordingBlock.append(.end, $0, to: &framed) }
        framed.withUnsafeBytes { recording.write($0) }
        self.recording = nil
        return recording.isWhole
    }

    private func flush() {
        guard let recording else { return }
        var framed = ByteBuffer()
        _ = encoder.cut { payload, _ in RecordingBlock.append(.history, payload, to: &framed) }
        framed.withUnsafeBytes { recording.write($0) }
    }

    /// A file that is written from its beginning to its end.
    private final class FileDescriptor {
        private let descriptor: Int32
        private(set) var isWhole = true

        init(_ path: String) throws(RecordingError) {
            descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
            guard descriptor >= 0 else { throw .unreadable("\(path): \(String(cString: strerror(errno)))") }
        }

        deinit {
            close(descriptor)
        }

        func write(_ bytes: UnsafeRawBufferPointer) {
            var done = 0
            while isWhole, done < bytes.count {
                let result = Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
                if result < 0, errno == EINTR { continue }
                isWhole = result > 0
                done += max(0, result)
            }
        }
    }
}
