internal import PylonJSON
internal import PylonReplay
internal import PylonShardHost
internal import PylonSimulation
internal import PylonTime

extension Command {
    /// `replay`.
    static let replay = Command(
        "replay", Operand("file", isRequired: true), options: [.fromTick, .toTick],
        effect: "runs a recording of a shard again and proves that every state is the same",
        notes: """
            The status is 0 when every hash that was compared is the same, else 1. A recording has a hash every second unless its shard was
            made with "record_hash_ticks": a divergence is named to the tick with 1.
            """,
        run: ReplayCommand.run)
}

extension CommandOption {
    fileprivate static let fromTick = CommandOption(
        "--from", .integer(0...Int.max), standard: "0", effect: "compares hashes from this tick on")
    fileprivate static let toTick = CommandOption("--to", .integer(0...Int.max), effect: "ends behind this tick")
}

/// Runs recordings.
enum ReplayCommand {
    static func run(_ call: Command.Call) throws(CommandFailure) -> CommandReport {
        let path = call.arguments.operands[0]
        let from = Tick(UInt64(call.arguments.integer(.fromTick)))
        let to = call.arguments.isGiven(.toTick) ? Tick(UInt64(call.arguments.integer(.toTick))) : Tick(.max)
        guard from <= to else { throw CommandFailure("USAGE", "--from is behind --to", status: .usage) }
        let start = call.clock.now()
        let report = try report(of: path, from...to, call)
        let seconds = (call.clock.now() - start).inSeconds
        var json = report.json.object ?? JSONObject()
        json["milliseconds"] = .integer(Int64((seconds * 1000).rounded()))
        let rate = seconds > 0 ? Int(Double(report.ticks) / seconds) : 0
        return CommandReport(
            "\(report.text)\n\(rate) ticks a second", json: .object(json), status: report.isExact ? .ok : .failure)
    }

    private static func report(
        of path: String, _ range: ClosedRange<Tick>, _ call: Command.Call
    ) throws(CommandFailure) -> ReplayReport {
        do throws(RecordingError) {
            let file = try RecordingFile(path)
            var recording = try RecordingReader { file.read($0, $1) }
            return try report(of: &recording, range, call)
        } catch {
            throw CommandFailure("RECORDING_UNREADABLE", "\(path): \(error)")
        }
    }

    private static func report(
        of recording: inout RecordingReader, _ range: ClosedRange<Tick>, _ call: Command.Call
    ) throws(RecordingError) -> ReplayReport {
        let header = recording.header
        guard let kind = call.kinds.first(where: { $0.name == header.kind }) else {
            let known = call.kinds.map(\.name).joined(separator: ", ")
            throw .unreadable("it is of the kind \(header.kind); this program has \(known.isEmpty ? "none" : known)")
        }
        do {
            let config = try JSONParser.parse(header.config)
            let setup = ShardSetup(id: header.shard, config: config, seed: header.seed, clock: call.clock)
            return try kind.replay(&recording, setup, try ShardConfiguration(json: config), range)
        } catch let error as RecordingError {
            throw error
        } catch {
            throw .unreadable("the shard of its beginning cannot be made: \(error)")
        }
    }
}
