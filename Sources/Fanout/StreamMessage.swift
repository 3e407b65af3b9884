internal import PylonBytes
internal import PylonEventStream
internal import PylonWebSocket

/// One numbered message of a shard's stream, a snapshot or an event, as each transport frames it.
struct StreamMessage {
    /// The snapshot's tick or the event's sequence number.
    let number: UInt64
    /// One JSON value; empty for the cursor at the start of an event stream.
    let payload: UnsafeRawBufferPointer

    /// The length of the WebSocket form; with a type byte it is that of stream v2.
    func webSocketCount(type: UInt8? = nil) -> Int {
        let count = payload.count + (type == nil ? 8 : 9)
        return FrameEncoder.headerLength(for: count) + count
    }

    /// Writes a binary frame: header ‖ type, in stream v2 ‖ number as u64 big-endian ‖ payload. `target` has ``webSocketCount(type:)``
    /// bytes.
    func writeWebSocket(type: UInt8? = nil, to target: UnsafeMutableRawBufferPointer) {
        let count = payload.count + (type == nil ? 8 : 9)
        var offset = FrameEncoder.writeHeader(.binary, payloadCount: count, to: target)
        if let type {
            target[offset] = type
            offset += 1
        }
        target.storeBytes(of: number.bigEndian, toByteOffset: offset, as: UInt64.self)
        UnsafeMutableRawBufferPointer(rebasing: target[(offset + 8)...]).copyMemory(from: payload)
    }
}

/// One HTTP chunk of server-sent events, built in memory that is used again.
struct StreamChunk: ~Copyable {
    private static let keyframeName = EventName("keyframe")
    private static let eventName = EventName("event")

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

    /// Appends a state of stream v2: `id: <tick>`, `event: keyframe`, `data: <payload>`.
    mutating func append(keyframe message: StreamMessage) {
        EventStreamEncoder.writeEvent(
            id: message.number, name: Self.keyframeName, data: message.payload, into: &events)
    }

    /// Appends an event of stream v2: `event: event`, `data: <json>`.
    mutating func append(eventJSON json: UnsafeRawBufferPointer) {
        EventStreamEncoder.writeEvent(name: Self.eventName, data: json, into: &events)
    }

    /// Appends an id alone, which readers remember without dispatching anything.
    mutating func append(cursor: EventCursor) {
        EventStreamEncoder.writeCursor(cursor.number, into: &events)
    }

    /// Makes `bytes` hold the chunk with everything appended since `begin`, in place when nobody else looks at it.
    mutating func refill(_ bytes: inout SharedBytes?) {
        withFinishedBytes { chunk in
            SharedBytes.refill(&bytes, count: chunk.count) { $0.copyMemory(from: chunk) }
        }
    }

    /// The chunk with everything appended since `begin`; valid during `body` only.
    mutating func withFinishedBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        chunk.removeAll()
        events.withUnsafeBytes { EventStreamEncoder.writeChunk($0, into: &chunk) }
        return chunk.withUnsafeBytes(body)
    }
}
