/// Reads server-sent events as a browser does (WHATWG HTML §9.2.5 and §9.2.6), whatever the pieces they arrive in.
package struct EventStreamParser: Sendable {
    /// An event as it would be dispatched.
    package struct Event: Hashable, Sendable {
        /// The type, `message` unless the stream named one.
        package let name: String
        /// The data lines joined by LF; bytes that are no UTF-8 have become U+FFFD.
        package let data: String
        /// The last event id when this event was dispatched, possibly set by an earlier one.
        package let lastEventID: String
    }

    /// A line or the data of an event grew beyond ``bytesMaximum``; the stream cannot go on.
    package struct TooLong: Error, Hashable, Sendable {}

    /// The greatest length of one line and of one event's data, in bytes.
    package let bytesMaximum: Int
    /// What a reconnecting reader sends as `Last-Event-ID`; empty for nothing.
    package private(set) var lastEventID = ""
    /// The delay before reconnecting, once the stream has set one.
    package private(set) var retry: Duration?
    /// Comments read so far: heartbeats.
    package private(set) var commentCount = 0

    private var line: [UInt8] = []
    private var name: [UInt8] = []
    /// The data lines, each with an LF behind it.
    private var data: [UInt8] = []
    /// The id field's value takes effect when an event ends, even one without data.
    private var pendingID = ""
    private var isFirstLine = true
    private var endedInCR = false

    /// A parser at the start of a stream; on reconnecting, `lastEventID` is what was sent in `Last-Event-ID`.
    package init(lastEventID: String = "", bytesMaximum: Int = 16 << 20) {
        self.lastEventID = lastEventID
        pendingID = lastEventID
        self.bytesMaximum = bytesMaximum
    }

    /// Takes the next piece of the stream and hands each event that it completes to `deliver`.
    ///
    /// An event that the stream's end cuts off is never delivered, as the specification asks.
    package mutating func feed(_ bytes: Span<UInt8>, _ deliver: (Event) -> Void) throws(TooLong) {
        for index in 0..<bytes.count {
            let byte = bytes[index]
            let isSecondOfPair = endedInCR && byte == UInt8(ascii: "\n")
            endedInCR = byte == UInt8(ascii: "\r")
            if isSecondOfPair { continue }
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                if let event = try takeLine() { deliver(event) }
            } else {
                guard line.count < bytesMaximum else { throw TooLong() }
                line.append(byte)
            }
        }
    }

    /// The events that `bytes` completes; see ``feed(_:_:)``.
    package mutating func feed(_ bytes: [UInt8]) throws(TooLong) -> [Event] {
        var events: [Event] = []
        try feed(bytes.span) { events.append($0) }
        return events
    }

    private mutating func takeLine() throws(TooLong) -> Event? {
        var line = self.line[...]
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line = line.dropFirst(3) }
        }
        defer { self.line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else { return dispatch() }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            try take(field: line, value: [])
            return nil
        }
        if colon == line.startIndex {
            commentCount += 1
            return nil
        }
        var value = line[(colon + 1)...]
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        try take(field: line[..<colon], value: value)
        return nil
    }

    /// Field names are compared exactly; unknown ones are ignored.
    private mutating func take(field: ArraySlice<UInt8>, value: ArraySlice<UInt8>) throws(TooLong) {
        switch String(decoding: field, as: UTF8.self) {
        case "event": name = Array(value)
        case "data":
            guard data.count + value.count < bytesMaximum else { throw TooLong() }
            data.append(contentsOf: value)
            data.append(UInt8(ascii: "\n"))
        case "id":
            if !value.contains(0) { pendingID = String(decoding: value, as: UTF8.self) }
        case "retry":
            guard !value.isEmpty, value.allSatisfy({ (0x30...0x39).contains($0) }) else { return }
            if let milliseconds = Int64(String(decoding: value, as: UTF8.self)) {
                retry = .milliseconds(milliseconds)
            }
        default: break
        }
    }

    private mutating func dispatch() -> Event? {
        lastEventID = pendingID
        defer {
            name.removeAll(keepingCapacity: true)
            data.removeAll(keepingCapacity: true)
        }
        guard !data.isEmpty else { return nil }
        return Event(
            name: name.isEmpty ? "message" : String(decoding: name, as: UTF8.self),
            data: String(decoding: data.dropLast(), as: UTF8.self), lastEventID: lastEventID)
    }
}
