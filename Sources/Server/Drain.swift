internal import PylonEventLoop
internal import PylonFanout
internal import PylonGateway
internal import PylonNet

/// Letting go of clients while the process shuts down.
enum Drain {
    /// Says goodbye on every stream of `loop` and ends idle keep-alive connections; requests under way are answered first. On the
    /// loop's thread.
    static func endConnections(on loop: EventLoop) {
        for case let connection as Connection in loop.registeredChannels {
            switch connection.handler {
            case let stream as StreamHandler: stream.end(.goingAway, on: connection)
            case let http as HTTPConnection: http.drain(on: connection)
            default: connection.close()
            }
        }
    }

    /// Closes what is left when the time is up. On the loop's thread.
    static func closeConnections(on loop: EventLoop) {
        for case let connection as Connection in loop.registeredChannels {
            connection.close()
        }
    }
}
