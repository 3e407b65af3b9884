package import PylonJSON

/// What a replay came to.
package struct ReplayReport: Sendable {
    /// Why it went no further.
    package enum Ending: Sendable, Equatable {
        /// The recording ends, and says why.
        case end(RecordingEnd)
        /// The file ends between two blocks: the shard's process died, or is still recording.
        case cut
        /// What comes next was not written whole, or is damaged, from this offset on.
        case torn(at: Int)
        /// Blocks are missing that could not be written.
        case gap(RecordingGap)
        /// The range was done, or the replay was another run.
        case stopped
    }

    /// Where it began.
    package let firstTick: UInt64
    /// The last step taken.
    package var lastTick: UInt64
    /// How many steps were taken.
    package var ticks: UInt64 = 0
    package var inputs: UInt64 = 0
    /// How many hashes were compared.
    package var checkpoints: UInt64 = 0
    /// The first tick that is known to differ; nil when every hash was the same. With `record_hash_ticks` beyond 1 the difference began
    /// somewhere behind `exactUntil`.
    package var divergedAt: UInt64?
    /// The last tick whose hash was the same; nil before the first.
    package var exactUntil: UInt64?
    /// The hash there.
    package var hash: UInt64?
    /// What went wrong, in words.
    package var problem: String?
    package var ending = Ending.stopped

    init(firstTick: UInt64) {
        self.firstTick = firstTick
        lastTick = firstTick
    }

    /// Whether everything that could be read was the same.
    package var isExact: Bool { divergedAt == nil && problem == nil }

    /// For programs.
    package var json: JSONValue {
        var object = JSONObject()
        object["ticks"] = Self.number(ticks)
        object["checkpoints"] = Self.number(checkpoints)
        object["diverged_at"] = divergedAt.map(Self.number) ?? .null
        object["exact_until"] = exactUntil.map(Self.number) ?? .null
        object["hash"] = hash.map { .string(Self.text($0)) } ?? .null
        object["first_tick"] = Self.number(firstTick)
        object["last_tick"] = Self.number(lastTick)
        object["inputs"] = Self.number(inputs)
        object["ending"] = .string(endingCode)
        if case .gap(let gap) = ending { object["gap_at"] = Self.number(gap.tick) }
        if case .torn(let offset) = ending { object["torn_at"] = .integer(Int64(offset)) }
        object["problem"] = problem.map { .string($0) } ?? .null
        return .object(object)
    }

    /// For people; one line, or two.
    package var text: String {
        let checked = checkpoints == 1 ? "1 checkpoint" : "\(checkpoints) checkpoints"
        let run = "ticks \(firstTick) to \(lastTick), \(inputs) inputs, \(checked); \(endingText)"
        guard let problem else {
            return checkpoints == 0 ? "\(run)\nnothing was proven: no hashes in here" : "\(run)\nexact"
        }
        guard let divergedAt else { return "\(run)\n\(problem)" }
        let last = exactUntil.map { ", the same until \($0)" } ?? ""
        return "\(run)\ndiverged at tick \(divergedAt)\(last): \(problem)"
    }

    /// The digits of a hash, as recordings and clients write it.
    package static func text(_ hash: UInt64) -> String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func number(_ value: UInt64) -> JSONValue { .integer(Int64(clamping: value)) }

    private var endingCode: String {
        switch ending {
        case .end(.shardEnded): "ended"
        case .end(.continued): "continued"
        case .end(.outOfRoom): "out_of_room"
        case .cut: "cut"
        case .torn: "torn"
        case .gap: "gap"
        case .stopped: "stopped"
        }
    }

    private var endingText: String {
        switch ending {
        case .end(.shardEnded): "the shard ended there"
        case .end(.continued): "the next segment goes on"
        case .end(.outOfRoom): "the recording had no more room"
        case .cut: "the file ends there: the recording was cut off, or goes on"
        case .torn(let offset): "torn: nothing behind offset \(offset) can be read"
        case .gap(let gap): "a gap: \(gap.blocks) blocks behind tick \(gap.tick) could not be written"
        case .stopped: "stopped there"
        }
    }
}
