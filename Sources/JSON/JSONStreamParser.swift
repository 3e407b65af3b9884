internal import PylonBytes

/// Collects a text that arrives in pieces and parses it at its end.
///
/// Size and depth are checked as the bytes come in, so that a hopeless text is refused before it is held in full.
/// Everything else is checked by ``finish()``.
public struct JSONStreamParser: ~Copyable {
    private let limits: JSONLimits
    private var buffer = ByteBuffer()
    private var depth = 0
    private var isInString = false
    private var isEscaped = false

    /// A parser that stands at the start of a text.
    public init(limits: JSONLimits = .standard) {
        self.limits = limits
    }

    /// The number of bytes held.
    public var count: Int { buffer.count }

    /// Takes the next piece, which may end anywhere. After an error the parser must be reset.
    public mutating func feed(_ bytes: Span<UInt8>) throws(JSONParseError) {
        guard bytes.count <= limits.byteCountMaximum - buffer.count else {
            throw JSONParseError(.tooLarge, at: limits.byteCountMaximum)
        }
        for index in bytes.indices { try track(bytes[index], at: buffer.count + index) }
        buffer.append(bytes)
    }

    /// The value of all that was fed; the parser then stands at the start of the next text.
    public mutating func finish() throws(JSONParseError) -> JSONValue {
        defer { reset() }
        return try parsed()
    }

    /// Forgets what was fed, keeps the memory.
    public mutating func reset() {
        buffer.removeAll()
        depth = 0
        isInString = false
        isEscaped = false
    }

    private func parsed() throws(JSONParseError) -> JSONValue {
        try buffer.withUnsafeBytes { (bytes) throws(JSONParseError) in try JSONParser.parse(bytes, limits: limits) }
    }

    /// Follows strings and brackets only.
    @inline(__always)
    private mutating func track(_ byte: UInt8, at offset: Int) throws(JSONParseError) {
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            return
        }
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard depth < limits.depthMaximum else { throw JSONParseError(.tooDeep, at: offset) }
            depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            guard depth > 0 else { throw JSONParseError(.unexpectedByte(byte), at: offset) }
            depth -= 1
        default: break
        }
    }
}
