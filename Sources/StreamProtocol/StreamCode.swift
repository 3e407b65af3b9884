/// Why one message of a client was refused: the `code` of an `error`. The connection stays.
package enum StreamErrorCode: String, CaseIterable, Sendable {
    /// It is no message of stream v2.
    case invalidMessage = "INVALID_MESSAGE"
    /// The input does not fit the world's type, or the world threw at it.
    case inputRejected = "INPUT_REJECTED"
    /// The world does not let this caller send it.
    case unauthorized = "UNAUTHORIZED"
    /// More than `inputs_per_second`, or more than one keyframe a second.
    case rateLimited = "RATE_LIMITED"
    /// Too many inputs wait already.
    case inputQueueFull = "INPUT_QUEUE_FULL"
    /// The shard no longer runs; its `bye` is under way.
    case stopped = "STOPPED"
    /// What the subscriber plays is on its way to another shard.
    case moved = "MOVED"
    /// The state of that tick has another hash here.
    case desync = "DESYNC"
}

/// Why a stream ends: the `code` of a `bye`.
package enum StreamByeCode: String, CaseIterable, Sendable {
    /// The shard came to its natural end.
    case finished = "FINISHED"
    /// The shard was stopped, or had stopped before the client came.
    case stopped = "STOPPED"
    /// The server shuts down; another takes its place.
    case goingAway = "GOING_AWAY"
    /// Messages of which none may be left out were more than the client took.
    case tooSlow = "TOO_SLOW"
    /// Another connection has taken over the seat with its resume token.
    case replaced = "REPLACED"
    /// What the subscriber plays has moved to another shard, which `shard` names.
    case moved = "MOVED"
    /// The world refused the subscriber.
    case unauthorized = "UNAUTHORIZED"
    /// The shard has as many connections as it may.
    case full = "FULL"
    /// The events behind `resume_events` are gone.
    case resyncRequired = "RESYNC_REQUIRED"
    /// The client broke the rules of WebSocket.
    case protocolError = "PROTOCOL_ERROR"
}
