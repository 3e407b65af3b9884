internal import PylonTime
internal import PylonWebSocket

/// How a stream ended, and what that means.
enum StreamEnding {
    /// The server closed the WebSocket.
    case closed(CloseCode?, reason: String)
    /// The server answered the request with a refusal.
    case refused(status: Int, code: String, message: String, retryAfter: Duration?)
    /// The body of an event stream ended.
    case finished
    case broken(ClientError)

    /// What the connection does about it.
    enum Verdict: Hashable {
        /// Tries again, after `wait` at least.
        case comeBack(wait: Duration)
        case giveUp(ShardEnding)
    }

    /// As an error, for whoever waits for a first stream or asks why there is none.
    var error: ClientError {
        switch self {
        case .closed(let code, let reason): .closed(code: Int(code?.rawValue ?? 1005), reason: reason)
        case .refused(let status, let code, let message, _): .refused(status: status, code: code, message: message)
        case .finished: .unreachable("the stream ended")
        case .broken(let error): error
        }
    }

    /// Whether the events behind the cursor are gone.
    func losesCursor(_ bye: ShardBye?) -> Bool {
        if bye?.code == "RESYNC_REQUIRED" { return true }
        return switch self {
        case .closed(let code, _): code == .resyncRequired
        case .refused(let status, _, _, _): status == 410
        default: false
        }
    }

    /// Whether the server itself, not something in front of it or the network, has refused: then another way in would not help.
    var isServersWord: Bool {
        switch self {
        case .refused(let status, let code, _, _): !code.isEmpty && status < 500 && status != 426
        case .closed(let code, _): code == .policyViolation || code == .tryAgainLater
        default: false
        }
    }

    /// What follows, with the last words of the stream; `mayChangeToken` when the next attempt asks for another.
    func verdict(_ bye: ShardBye?, mayChangeToken: Bool) -> Verdict {
        if let bye {
            switch bye.code {
            case "FINISHED", "STOPPED", "REPLACED", "PROTOCOL_ERROR": return .giveUp(.bye(bye))
            case "UNAUTHORIZED" where !mayChangeToken: return .giveUp(.bye(bye))
            default: return .comeBack(wait: bye.retryAfter ?? .zero)
            }
        }
        switch self {
        case .closed(let code, _):
            guard let code, !losesCursor(nil) else { return .comeBack(wait: .zero) }
            switch code.reconnectRule {
            case .never: return .giveUp(.failed(error))
            case .withNewCredential where !mayChangeToken: return .giveUp(.failed(error))
            default: return .comeBack(wait: .zero)
            }
        case .refused(let status, _, _, let retryAfter):
            switch status {
            case 401, 403: return mayChangeToken ? .comeBack(wait: .zero) : .giveUp(.failed(error))
            // Not found: a server that has just started may make its shards soon. Too many: later there are fewer.
            case 404, 408, 410, 429, 500...: return .comeBack(wait: retryAfter ?? .zero)
            default: return .giveUp(.failed(error))
            }
        case .broken(.invalidOption): return .giveUp(.failed(error))
        case .finished, .broken: return .comeBack(wait: .zero)
        }
    }
}
