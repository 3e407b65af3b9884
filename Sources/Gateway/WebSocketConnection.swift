internal import PylonBytes
internal import PylonEventLoop
package import PylonFanout
package import PylonNet
internal import PylonTelemetry
internal import PylonTime
package import PylonWebSocket

/// What runs on a WebSocket. Every call comes on the connection's loop.
package protocol WebSocketApplication: AnyObject {
    /// The most that a frame or message may have; nil for the server's default.
    var limits: WebSocketLimits? { get }

    /// The subprotocol it speaks, one of those that the client offered; nil to leave the choice to the handshake.
    var subprotocol: String? { get }

    /// The handshake is done.
    func opened(_ socket: WebSocketConnection, on connection: Connection)

    /// A whole message. `bytes` are valid during the call only; a text is valid UTF-8.
    func received(_ bytes: UnsafeRawBufferPointer, isText: Bool, socket: WebSocketConnection, on connection: Connection)

    /// A last text, right in front of the Close frame that ends a stream; nil for none.
    func farewell(for ending: StreamEnding, on connection: Connection) -> [UInt8]?

    /// A last text, right in front of the Close frame that answers a broken rule; nil for none.
    func farewell(for error: WebSocketError, on connection: Connection) -> [UInt8]?

    /// The connection is gone. The last call.
    func closed(on connection: Connection)
}

extension WebSocketApplication {
    package var subprotocol: String? { nil }

    package func farewell(for ending: StreamEnding, on connection: Connection) -> [UInt8]? { nil }

    package func farewell(for error: WebSocketError, on connection: Connection) -> [UInt8]? { nil }
}

/// RFC 6455 on one connection: messages for the application, answers to pings, the closing handshake, and a ping of our own for those
/// who have been silent.
package final class WebSocketConnection: StreamHandler {
    /// A connection needs an inflater only for a moment: one, with its output, serves all of a loop.
    private static let inflater = LoopLocal { MessageInflater() }

    /// Whether the client takes compressed messages: permessage-deflate was negotiated, without context takeover.
    package let isDeflated: Bool
    private let application: any WebSocketApplication
    private let service: HTTPService
    private var session: WebSocketSession
    private var closing = CloseHandshake(role: .server)
    private var awaitsPong = false
    private var heardAt = Instant(nanoseconds: 0)
    private var isBackpressured = false
    /// Held by the loop while it is open.
    private unowned let connection: Connection

    init(application: any WebSocketApplication, service: HTTPService, isDeflated: Bool, connection: Connection) {
        self.application = application
        self.isDeflated = isDeflated
        self.service = service
        self.connection = connection
        session = WebSocketSession(
            role: .server, limits: application.limits ?? service.settings.webSocketLimits, isDeflated: isDeflated)
        super.init()
        service.settings.metrics.webSockets.add(1)
    }

    /// Arms the ping once the socket is the connection's handler.
    func begin(on connection: Connection) {
        heardAt = connection.loop.now
        connection.setDeadline(connection.loop.now + service.settings.pingInterval)
    }

    // MARK: Sending

    /// Sends a whole message, uncompressed: what goes to one client alone is seldom worth the time. When the client is slow and much waits already, its own input is left unread until it has caught up.
    package func send(_ bytes: UnsafeRawBufferPointer, isText: Bool) {
        guard connection.isOpen, closing.canSend else { return }
        connection.write { FrameEncoder.write(isText ? .text : .binary, bytes, into: &$0) }
        slowDown()
    }

    /// Whoever lets answers pile up, echoes or pongs, is not listened to until they are gone.
    private func slowDown() {
        guard connection.bytesWaiting > Connection.bytesWaitingHighWatermark, !isBackpressured else { return }
        isBackpressured = true
        connection.pauseReading()
    }

    /// Closes with a code and a reason, which is cut to what a Close frame holds. Behind what waits, snapshots included.
    package func close(_ code: CloseCode, reason: String) {
        connection.finish { _ = closing.begin(code, reason: reason, into: &$0) }
    }

    /// Closes behind a last text.
    package func close(_ code: CloseCode, reason: String, behind farewell: [UInt8]) {
        connection.finish {
            say(farewell, into: &$0)
            _ = closing.begin(code, reason: reason, into: &$0)
        }
    }

    private func say(_ farewell: [UInt8], into output: inout ByteBuffer) {
        guard closing.canSend else { return }
        FrameEncoder.write(.text, farewell.span, into: &output)
    }

    public override func end(_ ending: StreamEnding, on connection: Connection) {
        let code: CloseCode =
            switch ending {
            case .finished, .stopped, .replaced: .normalClosure
            case .goingAway: .goingAway
            case .tooSlow, .moved: .tryAgainLater
            }
        guard let farewell = application.farewell(for: ending, on: connection) else {
            return close(code, reason: ending.reason)
        }
        close(code, reason: ending.reason, behind: farewell)
    }

    // MARK: Receiving

    public override func received(_ bytes: UnsafeMutableRawBufferPointer, on connection: Connection) -> Int {
        awaitsPong = false
        heardAt = connection.loop.now
        var rest = bytes
        while connection.isOpen, !connection.isReadingPaused,
            let event = session.next(&rest, inflater: { Self.inflater.value(on: connection.loop) })
        {
            switch event {
            case .text(let message):
                application.received(message, isText: true, socket: self, on: connection)
            case .binary(let message):
                application.received(message, isText: false, socket: self, on: connection)
            case .ping, .pong:
                connection.write { _ = closing.respond(to: event, into: &$0) }
                slowDown()
            case .close:
                // Behind the snapshots that wait: nothing may follow a Close frame (RFC 6455 §5.5.1).
                connection.finish { _ = closing.respond(to: event, into: &$0) }
            case .failure(let error):
                let farewell = application.farewell(for: error, on: connection)
                connection.finish {
                    if let farewell { say(farewell, into: &$0) }
                    _ = closing.respond(to: event, into: &$0)
                }
            }
        }
        return bytes.count - rest.count
    }

    public override func drained(on connection: Connection) {
        guard isBackpressured else { return }
        isBackpressured = false
        connection.resumeReading()
    }

    public override func deadlinePassed(on connection: Connection) {
        if awaitsPong {
            service.settings.metrics.webSocketsReaped.add()
            return connection.close()
        }
        let silence = connection.loop.now - heardAt
        guard silence >= service.settings.pingInterval else {
            return connection.setDeadline(heardAt + service.settings.pingInterval)
        }
        awaitsPong = true
        connection.write { FrameEncoder.write(.ping, UnsafeRawBufferPointer(start: nil, count: 0), into: &$0) }
        connection.setDeadline(connection.loop.now + service.settings.pingInterval)
    }

    public override func closed(on connection: Connection) {
        service.settings.metrics.webSockets.add(-1)
        application.closed(on: connection)
    }
}
