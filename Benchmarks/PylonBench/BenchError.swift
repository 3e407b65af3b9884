/// Why a benchmark could not be run.
enum BenchError: Error {
    case usage(String)
    case interrupted
    case timedOut(String)
    case process(String)
    /// The machine does not let this user count what the gate needs.
    case notCountable(String)
    /// A counted cost is above its threshold.
    case overThreshold([String])
    case system(call: String, errno: Int32)

    var message: String {
        switch self {
        case .usage(let text), .process(let text): text
        case .interrupted: "interrupted"
        case .timedOut(let what): "timed out: \(what)"
        case .notCountable(let text): "cannot count: \(text)"
        case .overThreshold(let costs): "over the threshold:\n" + costs.map { "  \($0)" }.joined(separator: "\n")
        case .system(let call, let errno): "\(call) failed: error \(errno)"
        }
    }
}
