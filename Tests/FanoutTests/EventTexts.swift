import PylonBytes
import PylonFanout
import PylonTestSupport

extension EventLog {
    /// Appends the events of one step, each being the JSON in `texts`.
    mutating func append(_ texts: [String], for transports: Transports = [.webSocket, .eventStream]) -> EventBatch {
        var payload: [UInt8] = []
        var ends: [Int] = []
        for text in texts {
            payload += text.utf8
            ends.append(payload.count)
        }
        return payload.withUnsafeBytes { append($0, ends: ends, for: transports) }
    }
}

extension SharedBytes {
    var array: [UInt8] { withExtendedLifetime(self) { Array(unsafeBytes) } }
    var text: String { String(decoding: array, as: UTF8.self) }
}

/// One message of an event stream over a WebSocket: the number, and the JSON behind it.
struct EventMessage: Hashable {
    let number: UInt64
    let text: String

    init(_ number: UInt64, _ text: String) {
        self.number = number
        self.text = text
    }

    /// Takes the frames in `bytes` apart; nil when they are torn.
    static func all(in bytes: [UInt8]) -> [EventMessage]? {
        var messages: [EventMessage] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard rest.count >= 2, rest.removeFirst() == 0x82 else { return nil }
            var length = Int(rest.removeFirst())
            let extra = length == 126 ? 2 : length == 127 ? 8 : 0
            if extra > 0 { length = rest.prefix(extra).reduce(0) { $0 << 8 | Int($1) } }
            rest = rest.dropFirst(extra)
            guard rest.count >= length, length >= 8 else { return nil }
            let number = rest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
            messages.append(EventMessage(number, String(decoding: rest.prefix(length).dropFirst(8), as: UTF8.self)))
            rest = rest.dropFirst(length)
        }
        return messages
    }
}
