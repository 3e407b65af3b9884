public import PylonNet

/// Why a stream ends, as its subscribers are told.
public enum StreamEnding: Sendable, Equatable {
    /// The shard came to its natural end.
    case finished
    /// An operator or the idle rule stopped it.
    case stopped
    /// The process is shutting down; another will take its place.
    case goingAway
    /// The client is too slow for a stream of which nothing may be left out: it comes back with the number of the last event it has.
    case tooSlow
    /// Another connection has taken over the subscriber's seat with its resume token.
    case replaced
    /// What the subscriber plays has moved to this shard.
    case moved(to: String)

    /// The word in the WebSocket close reason and in the last event.
    package var reason: String {
        switch self {
        case .finished: "shard finished"
        case .stopped: "shard stopped"
        case .goingAway: "server shutting down, reconnect"
        case .tooSlow: "too slow for the events, reconnect with resume"
        case .replaced: "resumed elsewhere"
        case .moved: "moved to another shard"
        }
    }
}

/// The protocol of a connection that receives a shard's stream.
open class StreamHandler: ConnectionHandler {
    /// Says goodbye behind the last frame and closes; by default only closes. On the connection's loop.
    open func end(_ ending: StreamEnding, on connection: Connection) {
        connection.close()
    }

    public final override func eventsLost(on connection: Connection) {
        end(.tooSlow, on: connection)
    }
}
