package import PylonBytes

/// The newest events of a stream, kept for those who resume: as many as asked for, as far as they fit into the bytes. Belongs to the shard's worker.
package struct EventLog: ~Copyable {
    /// 1 MiB of JSON, each event counting ``framingBytes`` more: half of what a connection lets wait (`EventQueue.bytesMaximum`), so
    /// that whoever resumes can take all of it however small the events are.
    package static let bytesMaximum = 1024 * 1024
    /// 64: what framing adds to an event at the most, in the longer form: `id: `, 20 digits, `data: `, the line ends, and the chunk around
    /// a step of one event.
    package static let framingBytes = 64

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
        /// What it counts against `bytesMaximum`.
        var bytesCount: Int { payload.count + ends.count * EventLog.framingBytes }
    }

    private let eventsMaximum: Int
    private var entries = Deque<Entry>()
    private var bytesCount = 0
    private var scratch = ByteBuffer()
    private var chunk = StreamChunk()
    /// The newest event, or where the stream began.
    package private(set) var last: EventCursor

    /// A stream that begins behind `start` and keeps the newest `eventsMaximum` events.
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
    package var oldest: EventCursor {
        guard let first = entries.first?.first else { return last.advanced(by: 1) }
        return max(first, oldestByCount)
    }

    /// The oldest event that the number of events allows.
    private var oldestByCount: EventCursor {
        EventCursor(last.number - min(UInt64(eventsMaximum), last.number) + 1)
    }

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
        bytesCount += entry.bytesCount
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

    /// Steps go as a whole, when none of their events is kept any more or they are too many bytes.
    private mutating func trim() {
        while let first = entries.first, first.last < oldestByCount || bytesCount > Self.bytesMaximum {
            bytesCount -= first.bytesCount
            entries.removeFirst()
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
