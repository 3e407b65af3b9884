internal import PylonBytes
internal import PylonEventStream
internal import PylonWebSocket

/// One numbered message of a shard's stream, a snapshot or an event, as each transport frames it.
struct StreamMessage {
    /// The snapshot's tick or the event's sequence number.
    let number: UInt64
    /// One JSON value; empty for the cursor at the start of an event stream.
    let payload: UnsafeRawBufferPointer

    /// The length of the WebSocket form.
    var webSocketCount: Int { FrameEncoder.headerLength(for: payload.count + 8) + payload.count + 8 }

    /// Writes a binary frame: header ‖ number as u64 big-endian ‖ payload. `target` has ``webSocketCount`` bytes.
    func writeWebSocket(to target: UnsafeMutableRawBufferPointer) {
        let header = FrameEncoder.writeHeader(.binary, payloadCount: payload.count + 8, to: target)
        target.storeBytes(of: number.bigEndian, toByteOffset: header, as: UInt64.self)
        UnsafeMutableRawBufferPointer(rebasing: target[(header + 8)...]).copyMemory(from: payload)
    }
}

/// One HTTP chunk of server-sent events, built in memory that is used again.
struct StreamChunk: ~Copyable {
    private var events = ByteBuffer()
    private var chunk = ByteBuffer()

    /// Starts another chunk.
    mutating func begin() {
        events.removeAll()
    }

    /// Appends one event: `id: <number>`, `data: <payload>`.
    mutating func append(number: UInt64, payload: UnsafeRawBufferPointer) {
        EventStreamEncoder.writeEvent(id: number, data: payload, into: &events)
    }

    /// Appends an id alone, which readers remember without dispatching anything.
    mutating func append(cursor: EventCursor) {
        EventStreamEncoder.writeCursor(cursor.number, into: &events)
    }

    /// The chunk with everything appended since `begin`; valid during `body` only.
    mutating func withFinishedBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        chunk.removeAll()
        events.withUnsafeBytes { EventStreamEncoder.writeChunk($0, into: &chunk) }
        return chunk.withUnsafeBytes(body)
    }
}
