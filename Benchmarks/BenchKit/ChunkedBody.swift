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
        /// Behind the last chunk, at the start of a line: an empty one ends the body.
        case trailerStart
        /// Inside a trailer field.
        case trailer
        case ended
        case invalid
    }

    private var state = State.size
    private var remaining = 0

    package init() {}

    /// Whether the body's end has come or the coding was broken: nothing more can be read.
    package var isOver: Bool { state == .ended || state == .invalid }

    /// Whether the coding was broken.
    package var isInvalid: Bool { state == .invalid }

    /// Hands the body's bytes in `bytes` to `body`, in as many pieces as there are chunks. Returns how many bytes belonged to the
    /// coding: what follows its end is left.
    @discardableResult
    package mutating func read(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) -> Int {
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
        return index
    }

    private mutating func step(_ byte: UInt8) {
        if byte == UInt8(ascii: "\n") {
            switch state {
            case .size, .extensions: state = remaining == 0 ? .trailerStart : .data
            case .lineEnd: state = .size
            case .trailerStart: state = .ended
            case .trailer: state = .trailerStart
            case .data, .ended, .invalid: state = .invalid
            }
        } else if state == .size, let digit = Hex.value(byte), remaining < 1 << 32 {
            remaining = remaining << 4 | Int(digit)
        } else if state == .size, byte == UInt8(ascii: ";") {
            state = .extensions
        } else if state == .trailerStart || state == .trailer {
            if byte != UInt8(ascii: "\r") { state = .trailer }
        } else if byte != UInt8(ascii: "\r"), state != .extensions {
            state = .invalid
        }
    }
}
