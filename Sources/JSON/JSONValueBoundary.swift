/// Finds the end of one JSON value in bytes that arrive in pieces, by following strings and brackets alone.
///
/// It says where a value stops, not whether it is one: what it delimits is parsed afterwards.
public struct JSONValueBoundary: Sendable {
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    private var isInScalar = false

    /// Stands before the first byte of a value, behind white space.
    public init() {}

    /// How many of `bytes` belong to the value; nil when all do, and perhaps more that have not arrived.
    public mutating func end(in bytes: Span<UInt8>) -> Int? {
        for index in bytes.indices {
            switch follow(bytes[index]) {
            case .inside: break
            case .last: return index + 1
            case .behind: return index
            }
        }
        return nil
    }

    private enum Place {
        case inside, last
        /// The byte before was the value's last: numbers and words say so by what follows.
        case behind
    }

    private mutating func follow(_ byte: UInt8) -> Place {
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
                return depth == 0 ? .last : .inside
            }
            return .inside
        }
        if isInScalar { return Self.endsScalar(byte) ? .behind : .inside }
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth -= 1
            // A bracket that closes nothing is a value of its own: one that no parser accepts.
            return depth <= 0 ? .last : .inside
        default: isInScalar = depth == 0
        }
        return .inside
    }

    private static func endsScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ":"), 0x20, 0x09, 0x0A, 0x0D: true
        default: false
        }
    }
}
