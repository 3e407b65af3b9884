/// Why a benchmark could not be run.
enum BenchError: Error {
    case usage(String)
    case interrupted
    case timedOut(String)
    case process(String)
    case system(call: String, errno: Int32)

    var message: String {
        switch self {
        case .usage(let text), .process(let text): text
        case .interrupted: "interrupted"
        case .timedOut(let what): "timed out: \(what)"
        case .system(let call, let errno): "\(call) failed: error \(errno)"
        }
    }
}
