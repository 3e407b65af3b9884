internal import PylonBytes
internal import PylonEventLoop
internal import PylonEventStream
package import PylonFanout
package import PylonNet
package import PylonShardHost
internal import PylonTelemetry
internal import PylonTime

/// A connection that has become an event stream: frames go out through its stripe; this sends heartbeats and the goodbye.
package final class EventStreamConnection: StreamHandler {
    private let service: HTTPService
    private let subscription: Subscription?
    private let isV2: Bool
    private let release: () -> Void

    /// The stream of `subscription`, which is one of stream v2 if `isV2`; nil for one that only ends. `release` runs once when it is over.
    package init(
        subscription: Subscription?, isV2: Bool = false, service: HTTPService, release: @escaping () -> Void
    ) {
        self.isV2 = isV2
        self.subscription = subscription
        self.service = service
        self.release = release
        super.init()
        service.settings.metrics.eventStreams.add(1)
    }

    /// Arms the heartbeat once the stream is the connection's handler.
    package func begin(on connection: Connection) {
        connection.setDeadline(connection.loop.now + service.settings.heartbeatInterval)
    }

    public override func deadlinePassed(on connection: Connection) {
        connection.write { output in
            EventStreamEncoder.writeChunk(into: &output) { EventStreamEncoder.writeComment("heartbeat", into: &$0) }
        }
        connection.setDeadline(connection.loop.now + service.settings.heartbeatInterval)
    }

    /// Tells the client what happened in an event of its own, then ends the body. Old clients ignore events they do not know.
    public override func end(_ ending: StreamEnding, on connection: Connection) {
        connection.finish { output in
            EventStreamEncoder.writeChunk(into: &output) { chunk in
                guard !isV2 else {
                    return StreamFarewell.bye(for: ending, on: connection.loop).json.withUnsafeBytes {
                        EventStreamEncoder.writeEvent(name: EventName("bye"), data: $0, into: &chunk)
                    }
                }
                let json = "{\"reason\":\"\(ending.reason)\"}"
                EventStreamEncoder.writeEvent(name: EventName("end"), data: json, into: &chunk)
            }
            output.append("0\r\n\r\n")
        }
    }

    public override func closed(on connection: Connection) {
        service.settings.metrics.eventStreams.add(-1)
        subscription?.cancel()
        release()
    }
}
