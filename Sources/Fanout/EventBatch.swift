package import PylonBytes

/// The events of one step on their way to the loops, framed once for each transport that is needed.
package final class EventBatch: Sendable {
    /// One binary WebSocket frame for each event: header ‖ number as u64 big-endian ‖ JSON.
    package let webSocket: SharedBytes?
    /// One HTTP chunk with one server-sent event for each: `id: <number>`, `data: <JSON>`.
    package let eventStream: SharedBytes?

    init(webSocket: SharedBytes?, eventStream: SharedBytes?) {
        self.webSocket = webSocket
        self.eventStream = eventStream
    }

    /// The memory it holds.
    var bytesCount: Int { (webSocket?.count ?? 0) + (eventStream?.count ?? 0) }
}
