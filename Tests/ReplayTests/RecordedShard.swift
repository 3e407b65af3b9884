import Glibc
import PylonJSON
import PylonReplay
import PylonSimulation
import PylonTestSupport
import PylonTime

/// A shard with its recorder, run by chance or by hand.
final class RecordedShard<World: Simulation> {
    private(set) var shard: Shard<World>
    let recorder: ShardRecorder<World>
    let clock: ManualClock
    private var sequence: UInt64 = 0
    private var inputs: [Shard<World>.QueuedInput] = []

    init(
        _ world: World, _ worldState: WorldState<World>, recordings: Recordings, clock: ManualClock, id: String = "s",
        seed: UInt64 = 0, config: JSONValue = ["record": true, "record_hash_ticks": 5]
    ) throws {
        let configuration = try ShardConfiguration(json: config)
        let setup = ShardSetup(id: id, config: config, seed: seed, clock: clock)
        shard = Shard(world: world, configuration: configuration)
        self.clock = clock
        recorder = ShardRecorder(
            recordings, of: setup, kind: "tide", configuration: configuration, worldState: worldState)
        recorder.begin(shard, sequenceLast: 0, eventLast: 0)
    }

    func join(_ name: String, as role: SubscriberRole = .player) {
        shard.attach(SubscriberID(name), as: role)
        recorder.joined(SubscriberID(name), as: role)
    }

    func leave(_ name: String, as role: SubscriberRole = .player) {
        shard.detach(SubscriberID(name), as: role)
        recorder.left(SubscriberID(name), as: role)
    }

    func input(_ json: JSONValue, from name: String, client: UInt64? = nil) throws {
        sequence += 1
        let subscriber = SubscriberID(name)
        inputs.append(
            .init(
                sequence: sequence, clientSequence: client, subscriber: subscriber,
                input: try World.decodeInput(json)))
        recorder.input(
            RecordedInput(subscriber: subscriber, sequence: sequence, clientSequence: client, json: json))
    }

    /// Ends the shard.
    func end() {
        recorder.end(shard)
    }

    /// Takes a step, 50 ms after the last.
    func step() {
        shard.step(inputs: inputs)
        inputs.removeAll(keepingCapacity: true)
        recorder.stepped(shard, sequenceLast: sequence, eventLast: 0)
        clock.advance(by: .milliseconds(50))
    }

    /// Takes steps, with members and inputs by chance.
    func run(ticks: Int, chance: inout SeededGenerator) throws {
        for _ in 0..<ticks {
            let dice = chance.next()
            let name = ["a", "bb", "ccc", "dddd"][Int(dice >> 8 & 3)]
            if dice & 0x1F == 0 { join(name) }
            if dice & 0x1F == 1 { leave(name) }
            if dice & 0x1F == 2 { join(name, as: .spectator) }
            if dice & 0x1F == 3 { leave(name, as: .spectator) }
            for _ in 0..<Int(dice >> 20 & 3) {
                let push = chance.next() & 0xFF
                let json: JSONValue = push & 1 == 0 ? .integer(Int64(push)) : .number(Double(push))
                try input(["push": json], from: name, client: push & 2 == 0 ? nil : push)
            }
            step()
        }
    }
}

/// A folder for recordings that goes with its owner.
final class RecordingsFolder: Sendable {
    let path: String

    init() {
        path = "/tmp/pylon-replay-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
    }

    deinit {
        for file in files { unlink("\(path)/\(file)") }
        rmdir(path)
    }

    /// The names in it, oldest segment first.
    var files: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
    }

    func bytes(_ file: String) throws -> [UInt8] {
        let recording = try RecordingFile("\(path)/\(file)")
        return recording.read(0, 1 << 30)
    }
}

/// What a replay of `bytes` comes to.
func replay(
    _ bytes: [UInt8], turnsOtherwiseAt: UInt64? = nil, _ range: ClosedRange<Tick> = Tick(0)...Tick(.max)
) throws -> ReplayReport {
    var recording = try RecordingReader(bytes)
    let config = try JSONParser.parse(recording.header.config)
    let setup = ShardSetup(
        id: recording.header.shard, config: config, seed: recording.header.seed, clock: ManualClock())
    return try Replayer<TideWorld>.report(
        of: &recording, WorldState(), setup: setup, configuration: try ShardConfiguration(json: config), range: range
    ) { TideWorld(seed: $0.seed, turnsOtherwiseAt: turnsOtherwiseAt) }
}
