/// Reads a whole JSON text (RFC 8259, strictly: no comments, no trailing commas, no byte order mark, UTF-8 only).
public enum JSONParser {
    /// The value that `bytes` spells; O(count).
    public static func parse(
        _ bytes: Span<UInt8>, limits: JSONLimits = .standard
    ) throws(JSONParseError) -> JSONValue {
        try bytes.withUnsafeBytes { (raw) throws(JSONParseError) in try parse(raw, limits: limits) }
    }

    /// The value that `bytes` spells; O(count).
    public static func parse(
        _ bytes: [UInt8], limits: JSONLimits = .standard
    ) throws(JSONParseError) -> JSONValue {
        try parse(bytes.span, limits: limits)
    }

    /// The value that `text` spells; O(count).
    public static func parse(_ text: String, limits: JSONLimits = .standard) throws(JSONParseError) -> JSONValue {
        try parse(text.utf8.span, limits: limits)
    }

    /// The value that `bytes` spells; O(count).
    public static func parse(
        _ bytes: UnsafeRawBufferPointer, limits: JSONLimits = .standard
    ) throws(JSONParseError) -> JSONValue {
        guard bytes.count <= limits.byteCountMaximum else {
            throw JSONParseError(.tooLarge, at: limits.byteCountMaximum)
        }
        guard let base = bytes.baseAddress else { throw JSONParseError(.unexpectedEnd, at: 0) }
        var reader = TextReader(base, count: bytes.count, limits: limits)
        return try reader.text()
    }
}
