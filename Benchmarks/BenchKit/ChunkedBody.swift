internal import PylonBytes

/// The chunked transfer coding (RFC 9112 §7.1), read in any portions without copying.
package struct ChunkedBody {
    private enum State {
        /// Reading the size's digits.
        case size
        /// After the size, up to the end of its line.
        case extensions
        /// `remaining` bytes of the chunk are still to come.
        case data
        /// The line end behind the data.
        case lineEnd
        case ended
        case invalid
    }

    private var state = State.size
    private var remaining = 0

    package init() {}

    /// Whether the last chunk has come or the coding was broken: nothing more can be read.
    package var isOver: Bool { state == .ended || state == .invalid }

    /// Hands the body's bytes in `bytes` to `body`, in as many pieces as there are chunks.
    package mutating func read(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        var index = 0
        while index < bytes.count, !isOver {
            if state == .data {
                let length = min(remaining, bytes.count - index)
                body(UnsafeRawBufferPointer(rebasing: bytes[index..<index + length]))
                index += length
                remaining -= length
                if remaining == 0 { state = .lineEnd }
            } else {
                step(bytes[index])
                index += 1
            }
        }
    }

    private mutating func step(_ byte: UInt8) {
        if byte == UInt8(ascii: "\n") {
            switch state {
            case .size, .extensions: state = remaining == 0 ? .ended : .data
            case .lineEnd: state = .size
            case .data, .ended, .invalid: state = .invalid
            }
        } else if state == .size, let digit = Hex.value(byte), remaining < 1 << 32 {
            remaining = remaining << 4 | Int(digit)
        } else if state == .size, byte == UInt8(ascii: ";") {
            state = .extensions
        } else if byte != UInt8(ascii: "\r"), state != .extensions {
            state = .invalid
        }
    }
}
