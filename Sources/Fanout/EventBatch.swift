package import PylonBytes

/// The events of one step on their way to the loops, framed once for each transport that is needed.
package final class EventBatch: Sendable {
    let forms: EventForms

    init(forms: EventForms) {
        self.forms = forms
    }

    /// One binary WebSocket frame for each event: header ‖ number as u64 big-endian ‖ JSON.
    package var webSocket: SharedBytes? { forms[.webSocket] }
    /// One HTTP chunk with one server-sent event for each: `id: <number>`, `data: <JSON>`.
    package var eventStream: SharedBytes? { forms[.eventStream] }

    /// The memory it holds.
    var bytesCount: Int { forms.bytesCount }
}

/// A run of events as each transport carries it, as far as somebody has needed it.
struct EventForms {
    /// The transports of events: none is worth compressing by itself.
    static let transports: [Transports] = [.webSocket, .eventStream, .webSocketV2, .eventStreamV2]

    private var forms: InlineArray<4, SharedBytes?> = .init(repeating: nil)

    subscript(transport: Transports) -> SharedBytes? {
        get { forms[Self.index(transport)] }
        set { forms[Self.index(transport)] = newValue }
    }

    /// The memory it holds.
    var bytesCount: Int {
        var count = 0
        for index in forms.indices { count += forms[index]?.count ?? 0 }
        return count
    }

    private static func index(_ transport: Transports) -> Int {
        switch transport {
        case .webSocket: 0
        case .eventStream: 1
        case .webSocketV2: 2
        case .eventStreamV2: 3
        default: preconditionFailure("no transport of events")
        }
    }
}
