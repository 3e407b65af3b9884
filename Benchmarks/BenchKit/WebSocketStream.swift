internal import Glibc
internal import PylonBytes

/// The client's end of a WebSocket stream: server frames (RFC 6455 §5.2) out of bytes in any portions.
///
/// Complete frames are handed over where they lie; only what a read cut off is copied. Fragmented messages are not
/// understood, because no server under test may fragment a snapshot.
package struct WebSocketStream: ~Copyable {
    /// What a frame turned out to be. Payloads are valid during the call only.
    package enum Event {
        case binary(UnsafeRawBufferPointer)
        case ping(UnsafeRawBufferPointer)
        case close(code: UInt16)
        /// Text, pongs: nothing the benchmark looks at.
        case other
        /// Masked, fragmented or with reserved bits: the stream cannot be read on.
        case invalid
    }

    private var unfinished = ByteBuffer()

    package init() {}

    package mutating func read(_ bytes: UnsafeRawBufferPointer, _ handle: (Event) -> Void) {
        if unfinished.isEmpty {
            let used = Self.scan(bytes, handle)
            if used < bytes.count { unfinished.append(UnsafeRawBufferPointer(rebasing: bytes[used...])) }
        } else {
            unfinished.append(bytes)
            unfinished.consume(unfinished.withUnsafeBytes { Self.scan($0, handle) })
        }
    }

    /// Hands over every complete frame and returns how many bytes they took.
    private static func scan(_ bytes: UnsafeRawBufferPointer, _ handle: (Event) -> Void) -> Int {
        var start = 0
        while bytes.count - start >= 2 {
            let first = bytes[start]
            var length = Int(bytes[start + 1] & 0x7F)
            var header = 2
            if length >= 126 {
                header += length == 126 ? 2 : 8
                guard bytes.count - start >= header else { break }
                length = bytes[start + 2..<start + header].reduce(0) { $0 << 8 | Int($1) }
            }
            guard first & 0xF0 == 0x80, bytes[start + 1] & 0x80 == 0, length >= 0, length <= 1 << 26 else {
                handle(.invalid)
                return bytes.count
            }
            guard bytes.count - start >= header + length else { break }
            let payload = UnsafeRawBufferPointer(rebasing: bytes[start + header..<start + header + length])
            handle(event(opcode: first & 0x0F, payload))
            start += header + length
        }
        return start
    }

    private static func event(opcode: UInt8, _ payload: UnsafeRawBufferPointer) -> Event {
        switch opcode {
        case 0x2: .binary(payload)
        case 0x9: .ping(payload)
        case 0x8: .close(code: payload.count >= 2 ? UInt16(payload[0]) << 8 | UInt16(payload[1]) : 1005)
        case 0x1, 0xA: .other
        default: .invalid
        }
    }
}
