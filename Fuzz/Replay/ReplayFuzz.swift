internal import PylonBytes
internal import PylonJSON
internal import PylonReplay
internal import PylonSimulation
internal import PylonTime

/// Whatever the bytes are, they are read to an end or to a fault; what was read as history is written and read again as the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    checkHistory(bytes)
    checkJSON(bytes)
    checkShard(bytes)
    checkRecording(bytes)
    // The CRCs would keep most inputs from what is behind them.
    checkRecording(framed(bytes))
    return 0
}

private func checkHistory(_ bytes: [UInt8]) {
    var first = StateReader(bytes)
    guard let tick = try? first.readTick() else { return }
    let (records, isWhole) = read(bytes, at: tick)
    var encoder = HistoryEncoder(at: tick)
    for record in records {
        switch record {
        case .steps(let count):
            // Each would be written by itself.
            guard count <= 10_000 else { return }
            for _ in 0..<count { encoder.stepped() }
        case .input(let input):
            encoder.input(
                input.json, from: input.subscriber, sequence: input.sequence, clientSequence: input.clientSequence)
        case .joined(let subscriber, let role): encoder.joined(subscriber, as: role)
        case .left(let subscriber, let role): encoder.left(subscriber, as: role)
        case .hash(let hash): encoder.hash(hash)
        case .handoff(let event): encoder.handoff(event)
        case .seat(let seat): encoder.seat(seat)
        }
    }
    guard isWhole, let written = encoder.cut({ payload, _ in Array(payload) }) else { return }
    let (again, _) = read(written, at: tick)
    precondition(joined(again) == joined(records), "another history")
}

private func read(_ bytes: [UInt8], at tick: Tick) -> ([HistoryRecord], isWhole: Bool) {
    var decoder = HistoryDecoder(at: tick)
    var records: [HistoryRecord] = []
    let isWhole =
        (try? decoder.decode(bytes) { record in
            records.append(record)
            return true
        }) != nil
    return (records, isWhole)
}

/// Steps that follow each other as one, as the encoder writes them.
private func joined(_ records: [HistoryRecord]) -> [HistoryRecord] {
    var result: [HistoryRecord] = []
    for record in records {
        if case .steps(let more) = record, case .steps(let steps)? = result.last {
            result[result.count - 1] = .steps(steps + more)
        } else {
            result.append(record)
        }
    }
    return result
}

private func checkJSON(_ bytes: [UInt8]) {
    var reader = StateReader(bytes)
    guard let json = try? reader.readJSON() else { return }
    var writer = StateWriter()
    writer.write(json)
    var again = StateReader(writer.copyBytes())
    guard let read = try? again.readJSON(), again.remaining == 0 else {
        preconditionFailure("JSON cannot be read back")
    }
    precondition(String(describing: read) == String(describing: json), "other JSON")
}

private struct FuzzWorld: PersistentSimulation {
    var texts: [String] = []
    var numbers: [Double] = []

    static func decodeInput(_ json: JSONValue) throws -> JSONValue { json }
    mutating func apply(_ input: JSONValue, from subscriber: SubscriberID, _ context: StepContext) {}
    mutating func step(_ context: StepContext) {}
    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) { json.null() }

    func save(into state: inout StateWriter) {
        state.write(texts) { $1.write($0) }
        state.write(numbers) { $1.write($0) }
    }

    init(restoring state: inout StateReader, setup: ShardSetup) throws {
        texts = try state.readArray { (state) throws(StateError) in try state.readString() }
        numbers = try state.readArray { (state) throws(StateError) in try state.readDouble() }
    }
}

private let setup = ShardSetup(id: "s", config: .null, seed: 0, clock: ManualClock())

private func checkShard(_ bytes: [UInt8]) {
    let worldState = WorldState<FuzzWorld>()
    let saved = try? SavedShard(bytes, worldState, setup: setup, configuration: ShardConfiguration())
    guard let saved else { return }
    var writer = StateWriter()
    let isWritten = SavedShard.write(
        saved.shard, worldState, sequenceLast: saved.sequenceLast, eventLast: saved.eventLast, seats: saved.seats,
        into: &writer)
    precondition(isWritten, "a shard that cannot be written back")
    let again = try? SavedShard(writer.copyBytes(), worldState, setup: setup, configuration: ShardConfiguration())
    var scratch = HashScratch()
    precondition(
        again?.shard.stateHash(worldState, scratch: &scratch) == saved.shard.stateHash(worldState, scratch: &scratch),
        "another shard")
    precondition(again?.seats == saved.seats, "other seats")
    // What no hash has: who left, and whether the shard is over.
    precondition(
        again?.shard.ledger == saved.shard.ledger && again?.shard.isConcluded == saved.shard.isConcluded,
        "other books")
}

private func checkRecording(_ bytes: [UInt8]) {
    guard var recording = try? RecordingReader(bytes) else { return }
    // Each item takes some of the bytes.
    for _ in 0...bytes.count {
        switch recording.next() {
        case .state, .history, .gap: continue
        case .end, .cut, .torn: return
        }
    }
    preconditionFailure("a recording without an end")
}

/// The bytes as blocks: each begins with its kind and its length.
private func framed(_ bytes: [UInt8]) -> [UInt8] {
    var buffer = ByteBuffer()
    buffer.append(RecordingBlock.magic)
    var header = StateWriter()
    RecordingHeader(
        shard: "s", kind: "k", config: "{}", seed: 1, hertz: 20, program: "", recordedAt: 0, segment: 0,
        hasState: bytes.first.map { $0 & 1 == 1 } ?? false
    ).write(into: &header)
    header.withUnsafeBytes { RecordingBlock.append(.header, $0, to: &buffer) }
    var rest = bytes.dropFirst()
    while let kind = rest.popFirst(), let length = rest.popFirst() {
        let payload = Array(rest.prefix(Int(length)))
        rest = rest.dropFirst(Int(length))
        guard let kind = RecordingBlock.Kind(rawValue: kind % 6) else { continue }
        payload.withUnsafeBytes { RecordingBlock.append(kind, $0, to: &buffer) }
    }
    return buffer.copyBytes()
}
