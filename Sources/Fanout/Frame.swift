internal import Glibc
package import PylonBytes
internal import PylonEventStream
package import PylonTime
internal import PylonWebSocket

/// One snapshot of one view, encoded once and shared by everyone who receives it: each transport's envelope and the payload in
/// one contiguous buffer, ready for a single `send`.
package final class Frame: Sendable {
    package let tick: Tick
    /// A binary WebSocket frame: header ‖ tick as u64 big-endian ‖ payload (spec/realtime.md 3.1).
    package let webSocket: SharedBytes?
    /// One HTTP chunk holding one server-sent event: `id: <tick>`, `data: <payload>` (spec/realtime.md 3.2).
    package let eventStream: SharedBytes?

    /// Encodes `payload` for `transports`.
    package init(tick: Tick, payload: UnsafeRawBufferPointer, for transports: Transports) {
        self.tick = tick
        webSocket = transports.contains(.webSocket) ? Self.webSocketFrame(tick: tick, payload: payload) : nil
        eventStream = transports.contains(.eventStream) ? Self.eventChunk(tick: tick, payload: payload) : nil
    }

    /// The form that `transport` carries, nil when the frame was not encoded for it.
    package func bytes(for transport: Transports) -> SharedBytes? {
        transport == .webSocket ? webSocket : eventStream
    }

    private static func webSocketFrame(tick: Tick, payload: UnsafeRawBufferPointer) -> SharedBytes {
        let length = payload.count + 8
        let header = FrameEncoder.headerLength(for: length)
        return SharedBytes(count: header + length) { bytes in
            FrameEncoder.writeHeader(.binary, payloadCount: length, to: bytes)
            bytes.storeBytes(of: tick.number.bigEndian, toByteOffset: header, as: UInt64.self)
            UnsafeMutableRawBufferPointer(rebasing: bytes[(header + 8)...]).copyMemory(from: payload)
        }
    }

    private static func eventChunk(tick: Tick, payload: UnsafeRawBufferPointer) -> SharedBytes {
        var chunk = ByteBuffer()
        EventStreamEncoder.writeChunk(into: &chunk) { event in
            EventStreamEncoder.writeEvent(id: tick.number, data: payload, into: &event)
        }
        return chunk.withUnsafeBytes { SharedBytes($0) }
    }
}

/// The ways a snapshot can travel.
package struct Transports: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let webSocket = Transports(rawValue: 1)
    package static let eventStream = Transports(rawValue: 2)
}
