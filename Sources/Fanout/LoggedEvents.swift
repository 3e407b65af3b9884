internal import PylonBytes

/// A run of consecutive events as the log keeps them: their JSON, and each transport's form of all of them once somebody needed it.
struct LoggedEvents {
    let first: EventCursor
    private let payload: SharedBytes
    /// Where each event ends in `payload`.
    private let ends: [Int]
    /// WebSocket frames, one for each event, and HTTP chunks of server-sent events, one event or more in each.
    var forms = EventForms()

    init(first: EventCursor, payload: UnsafeRawBufferPointer, ends: [Int]) {
        self.first = first
        self.payload = SharedBytes(payload)
        self.ends = ends
    }

    /// Two runs, one right behind the other, as one.
    init(joining older: LoggedEvents, _ newer: LoggedEvents) {
        assert(older.last.advanced(by: 1) == newer.first, "runs with a gap between them")
        first = older.first
        payload = Self.joined(older.payload, newer.payload)
        ends = older.ends + newer.ends.map { $0 + older.payload.count }
        for transport in EventForms.transports {
            guard let left = older.forms[transport], let right = newer.forms[transport] else { continue }
            forms[transport] = Self.joined(left, right)
        }
    }

    var count: Int { ends.count }
    var last: EventCursor { first.advanced(by: ends.count - 1) }

    /// The memory it holds, the bookkeeping included.
    var bytesCount: Int {
        payload.count + forms.bytesCount + ends.count * MemoryLayout<Int>.size + Self.overheadBytes
    }

    /// What the objects behind one run take.
    private static let overheadBytes = 256

    /// Calls `body` for each event but the first `skipped`.
    func forEach(from skipped: Int, _ body: (StreamMessage) -> Void) {
        let bytes = payload.unsafeBytes
        for index in skipped..<ends.count {
            let start = index == 0 ? 0 : ends[index - 1]
            let event = UnsafeRawBufferPointer(rebasing: bytes[start..<ends[index]])
            body(StreamMessage(number: first.number + UInt64(index), payload: event))
        }
        withExtendedLifetime(payload) {}
    }

    private static func joined(_ left: SharedBytes, _ right: SharedBytes) -> SharedBytes {
        SharedBytes(count: left.count + right.count) { target in
            target.copyMemory(from: left.unsafeBytes)
            UnsafeMutableRawBufferPointer(rebasing: target[left.count...]).copyMemory(from: right.unsafeBytes)
        }
    }
}
