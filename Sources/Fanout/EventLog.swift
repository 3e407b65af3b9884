package import PylonBytes
internal import PylonJSON
internal import PylonStreamProtocol
internal import PylonWebSocket

/// The newest events of a stream, kept for those who resume: as many as asked for, as far as they fit into the bytes. Belongs to the
/// shard's worker.
///
/// Runs of events are joined as they age, so that a tail of thousands of events is a few dozen buffers: resuming costs the worker
/// microseconds however much was missed.
package struct EventLog: ~Copyable {
    /// 10 MiB of everything held: JSON, framed forms, bookkeeping. Each form, the smallest being a fourteenth of it, is then more than a
    /// connection lets wait (`EventQueue.bytesMaximum`): whoever was cut off for being slow can resume.
    package static let bytesMaximum = 10 * 1024 * 1024
    /// Runs are joined up to 64 KiB.
    static let runBytesMaximum = 64 * 1024

    private let eventsMaximum: Int
    private var runs = Deque<LoggedEvents>()
    private var bytesCount = 0
    private var scratch = ByteBuffer()
    private var chunk = StreamChunk()
    private var json = JSONWriter()
    /// The part of a run that was framed last: those who were cut off together resume from the same cursor.
    private var part: (run: EventCursor, last: EventCursor, skipped: Int, transport: Transports, form: SharedBytes)?
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
        guard let first = runs.first?.first else { return last.advanced(by: 1) }
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
        var run = LoggedEvents(first: last.advanced(by: 1), payload: payload, ends: ends)
        last = run.last
        for transport in EventForms.transports where transports.contains(transport) {
            run.forms[transport] = makeForm(of: run, from: 0, for: transport)
        }
        let batch = EventBatch(forms: run.forms)
        keep(run)
        return batch
    }

    /// What a subscriber of `transport` that has everything up to `cursor` is to be sent first: the cursor it continues from, then the
    /// events it misses. No cursor is now.
    package mutating func opening(
        after cursor: EventCursor?, for transport: Transports
    ) throws(CursorOutOfRange) -> [SharedBytes] {
        let cursor = cursor ?? last
        guard cursor <= last, cursor.advanced(by: 1) >= oldest else { throw CursorOutOfRange(oldest: oldest) }
        // A stream v2 has said it in its hello.
        var opening = transport.isV2 ? [] : [greeting(cursor, for: transport)]
        for index in firstRun(behind: cursor)..<runs.count {
            let first = runs[index].first
            let skipped = cursor < first ? 0 : Int(cursor.number - first.number) + 1
            opening.append(form(ofRunAt: index, from: skipped, for: transport))
        }
        return opening
    }

    // MARK: Keeping

    /// Adds the newest run, joins it with those before it while they are of its size, and lets the oldest go that nobody may ask for.
    private mutating func keep(_ run: LoggedEvents) {
        var newest = run
        while let before = runs.last, before.bytesCount <= newest.bytesCount * 2,
            before.bytesCount + newest.bytesCount <= Self.runBytesMaximum
        {
            runs.removeLast()
            bytesCount -= before.bytesCount
            newest = LoggedEvents(joining: before, newest)
        }
        runs.append(newest)
        bytesCount += newest.bytesCount
        while let first = runs.first, first.last < oldestByCount || bytesCount > Self.bytesMaximum {
            bytesCount -= first.bytesCount
            runs.removeFirst()
        }
    }

    /// The index of the first run with an event behind `cursor`. O(log n).
    private func firstRun(behind cursor: EventCursor) -> Int {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].last > cursor { high = middle } else { low = middle + 1 }
        }
        return low
    }

    // MARK: Framing

    private mutating func greeting(_ cursor: EventCursor, for transport: Transports) -> SharedBytes {
        guard transport == .webSocket else {
            chunk.begin()
            chunk.append(cursor: cursor)
            return chunk.withFinishedBytes { SharedBytes($0) }
        }
        let message = StreamMessage(number: cursor.number, payload: UnsafeRawBufferPointer(start: nil, count: 0))
        return SharedBytes(count: message.webSocketCount()) { message.writeWebSocket(to: $0) }
    }

    /// What has been framed is kept: thousands may resume at once.
    private mutating func form(ofRunAt index: Int, from skipped: Int, for transport: Transports) -> SharedBytes {
        let run = runs[index]
        if skipped == 0, let made = run.forms[transport] { return made }
        if let part, part.run == run.first, part.last == run.last, part.skipped == skipped, part.transport == transport
        {
            return part.form
        }
        let form = makeForm(of: run, from: skipped, for: transport)
        if skipped > 0 {
            part = (run.first, run.last, skipped, transport, form)
        } else {
            runs[index].forms[transport] = form
            bytesCount += form.count
        }
        return form
    }

    private mutating func makeForm(
        of run: LoggedEvents, from skipped: Int, for transport: Transports
    ) -> SharedBytes {
        switch transport {
        case .webSocket: return webSocketForm(of: run, from: skipped)
        case .webSocketV2: return webSocketV2Form(of: run, from: skipped)
        case .eventStream:
            chunk.begin()
            run.forEach(from: skipped) { chunk.append(number: $0.number, payload: $0.payload) }
        default:
            chunk.begin()
            run.forEach(from: skipped) { message in
                write(message)
                json.withUnsafeBytes { chunk.append(eventJSON: $0) }
            }
        }
        return chunk.withFinishedBytes { SharedBytes($0) }
    }

    private mutating func webSocketForm(of run: LoggedEvents, from skipped: Int) -> SharedBytes {
        scratch.removeAll()
        run.forEach(from: skipped) { message in
            let count = message.webSocketCount()
            scratch.withSpareCapacity(count) { spare in
                message.writeWebSocket(to: UnsafeMutableRawBufferPointer(rebasing: spare[..<count]))
                return count
            }
        }
        return scratch.withUnsafeBytes { SharedBytes($0) }
    }

    private mutating func webSocketV2Form(of run: LoggedEvents, from skipped: Int) -> SharedBytes {
        scratch.removeAll()
        run.forEach(from: skipped) { message in
            write(message)
            json.withUnsafeBytes { FrameEncoder.write(.text, $0, into: &scratch) }
        }
        return scratch.withUnsafeBytes { SharedBytes($0) }
    }

    /// Writes an event as the JSON message that stream v2 carries.
    private mutating func write(_ message: StreamMessage) {
        json.reset()
        ServerMessage.writeEvent(number: message.number, event: message.payload, into: &json)
    }
}
