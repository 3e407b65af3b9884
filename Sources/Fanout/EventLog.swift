package import PylonBytes

/// The newest events of a stream, kept for those who resume: bounded in events and in bytes. Belongs to the shard's worker.
package struct EventLog: ~Copyable {
    /// 1 MiB of JSON, whatever the number of events.
    package static let bytesMaximum = 1024 * 1024

    /// The events of one step.
    private struct Entry {
        let first: EventCursor
        let payload: SharedBytes
        /// Where each event ends in `payload`.
        let ends: [Int]
        /// All of them framed, once somebody needed that.
        var webSocket: SharedBytes?
        var eventStream: SharedBytes?

        var last: EventCursor { first.advanced(by: ends.count - 1) }
    }

    private let eventsMaximum: Int
    private var entries = Deque<Entry>()
    private var eventsCount = 0
    private var bytesCount = 0
    private var scratch = ByteBuffer()
    private var chunk = StreamChunk()
    /// The newest event, or where the stream began.
    package private(set) var last: EventCursor

    /// A stream that begins behind `start` and keeps at most `eventsMaximum` events.
    package init(start: EventCursor, eventsMaximum: Int) {
        self.eventsMaximum = eventsMaximum
        last = start
    }

    /// A cursor that the log cannot serve.
    package struct CursorOutOfRange: Error, Hashable {
        /// The oldest event that is still there, or the next one when there is none.
        package let oldest: EventCursor
    }

    /// The oldest event that is still there; the next one when there is none.
    package var oldest: EventCursor { entries.first?.first ?? last.advanced(by: 1) }

    /// Numbers the events of a step, `ends` saying where in `payload` each of them ends, keeps them, and frames them for `transports`.
    package mutating func append(
        _ payload: UnsafeRawBufferPointer, ends: [Int], for transports: Transports
    ) -> EventBatch {
        precondition(!ends.isEmpty, "a batch without events")
        var entry = Entry(first: last.advanced(by: 1), payload: SharedBytes(payload), ends: ends)
        last = entry.last
        if transports.contains(.webSocket) { entry.webSocket = webSocketForm(of: entry, from: 0) }
        if transports.contains(.eventStream) { entry.eventStream = eventStreamForm(of: entry, from: 0) }
        entries.append(entry)
        eventsCount += ends.count
        bytesCount += payload.count
        trim()
        return EventBatch(
            last: last, count: ends.count, webSocket: entry.webSocket, eventStream: entry.eventStream)
    }

    /// What a subscriber of `transport` that has everything up to `cursor` is to be sent first: the cursor it continues from, then the
    /// events it misses. No cursor is now.
    package mutating func opening(
        after cursor: EventCursor?, for transport: Transports
    ) throws(CursorOutOfRange) -> [SharedBytes] {
        let cursor = cursor ?? last
        guard cursor <= last, cursor.advanced(by: 1) >= oldest else { throw CursorOutOfRange(oldest: oldest) }
        var opening = [greeting(cursor, for: transport)]
        for index in 0..<entries.count where entries[index].last > cursor {
            let skipped = cursor < entries[index].first ? 0 : Int(cursor.number - entries[index].first.number) + 1
            opening.append(form(ofEntryAt: index, from: skipped, for: transport))
        }
        return opening
    }

    private mutating func trim() {
        while !entries.isEmpty, eventsCount > eventsMaximum || bytesCount > Self.bytesMaximum {
            let entry = entries.removeFirst()
            eventsCount -= entry.ends.count
            bytesCount -= entry.payload.count
        }
    }

    // MARK: Framing

    private mutating func greeting(_ cursor: EventCursor, for transport: Transports) -> SharedBytes {
        guard transport == .webSocket else {
            chunk.begin()
            chunk.append(cursor: cursor)
            return chunk.withFinishedBytes { SharedBytes($0) }
        }
        let message = StreamMessage(number: cursor.number, payload: UnsafeRawBufferPointer(start: nil, count: 0))
        return SharedBytes(count: message.webSocketCount) { message.writeWebSocket(to: $0) }
    }

    /// Framed as a whole an entry is kept that way: thousands may resume at once.
    private mutating func form(ofEntryAt index: Int, from skipped: Int, for transport: Transports) -> SharedBytes {
        let isWebSocket = transport == .webSocket
        if skipped == 0, let made = isWebSocket ? entries[index].webSocket : entries[index].eventStream { return made }
        let entry = entries[index]
        let form = isWebSocket ? webSocketForm(of: entry, from: skipped) : eventStreamForm(of: entry, from: skipped)
        if skipped == 0 {
            if isWebSocket { entries[index].webSocket = form } else { entries[index].eventStream = form }
        }
        return form
    }

    private mutating func webSocketForm(of entry: borrowing Entry, from skipped: Int) -> SharedBytes {
        scratch.removeAll()
        Self.forEachEvent(of: entry, from: skipped) { message in
            scratch.withSpareCapacity(message.webSocketCount) { spare in
                message.writeWebSocket(to: UnsafeMutableRawBufferPointer(rebasing: spare[..<message.webSocketCount]))
                return message.webSocketCount
            }
        }
        return scratch.withUnsafeBytes { SharedBytes($0) }
    }

    private mutating func eventStreamForm(of entry: borrowing Entry, from skipped: Int) -> SharedBytes {
        chunk.begin()
        Self.forEachEvent(of: entry, from: skipped) { chunk.append(number: $0.number, payload: $0.payload) }
        return chunk.withFinishedBytes { SharedBytes($0) }
    }

    private static func forEachEvent(of entry: borrowing Entry, from skipped: Int, _ body: (StreamMessage) -> Void) {
        let bytes = entry.payload.unsafeBytes
        for index in skipped..<entry.ends.count {
            let start = index == 0 ? 0 : entry.ends[index - 1]
            let payload = UnsafeRawBufferPointer(rebasing: bytes[start..<entry.ends[index]])
            body(StreamMessage(number: entry.first.number + UInt64(index), payload: payload))
        }
        withExtendedLifetime(entry.payload) {}
    }
}
