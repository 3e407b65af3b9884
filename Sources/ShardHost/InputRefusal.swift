internal import PylonSimulation
package import PylonStreamProtocol

/// What a client may know of an error: what the author says of it, or where in the input it is; not how the server is made.
func inputRefusalReason(_ error: any Error) -> String {
    guard let error = error as? DecodingError else {
        return (error as? any CustomStringConvertible)?.description ?? "the input was refused"
    }
    let context: DecodingError.Context
    switch error {
    case .keyNotFound(let key, _): return "\"\(key.stringValue)\" is missing"
    case .typeMismatch(_, let found), .valueNotFound(_, let found), .dataCorrupted(let found): context = found
    @unknown default: return "the input was refused"
    }
    let path = context.codingPath.map(\.stringValue).joined(separator: ".")
    return path.isEmpty ? "it has the wrong type" : "\"\(path)\" has the wrong type"
}

extension ShardError {
    /// The code by which stream v2 refuses an input.
    package var streamCode: StreamErrorCode {
        switch self {
        case .unauthorized: .unauthorized
        case .inputQueueFull: .inputQueueFull
        case .rateLimited: .rateLimited
        case .stopped, .disconnected: .stopped
        case .moving, .moved: .moved
        case .full, .resyncRequired, .inputMalformed: .inputRejected
        }
    }

    /// The code by which stream v2 says that it does not take a subscriber.
    package var byeCode: StreamByeCode {
        switch self {
        case .unauthorized: .unauthorized
        case .full: .full
        case .resyncRequired: .resyncRequired
        case .stopped, .disconnected, .inputQueueFull, .rateLimited, .inputMalformed, .moving: .stopped
        case .moved: .moved
        }
    }
}
