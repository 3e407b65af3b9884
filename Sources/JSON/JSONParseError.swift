/// Why a text is not acceptable JSON, and where.
public struct JSONParseError: Error, Equatable, CustomStringConvertible {
    /// What is wrong.
    public enum Reason: Sendable, Equatable {
        /// The text stops in the middle of a value, or holds none.
        case unexpectedEnd
        /// A byte that no value, separator or white space can have here, among them whatever follows the value.
        case unexpectedByte(UInt8)
        /// A number beyond what a `Double` can hold.
        case numberOutOfRange
        /// A backslash with something behind it that JSON does not know.
        case invalidEscape
        /// A `\u` escape that is one half of a surrogate pair without the other.
        case loneSurrogate
        /// A byte below 0x20 inside a string; it has to be escaped.
        case controlCharacter
        /// A string that is not UTF-8.
        case invalidUTF8
        /// More open arrays and objects than ``JSONLimits/depthMaximum``.
        case tooDeep
        /// More bytes than ``JSONLimits/byteCountMaximum``.
        case tooLarge
        /// A name that occurred before in the same object, where ``JSONLimits/duplicateKeys`` refuses that.
        case duplicateKey
    }

    /// What is wrong.
    public let reason: Reason
    /// The offset of the offending byte from the start of the text.
    public let offset: Int

    /// An error at a byte.
    @inlinable
    public init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    /// Reason and place for a person to read.
    public var description: String {
        let text =
            switch reason {
            case .unexpectedEnd: "unexpected end of text"
            case .unexpectedByte(let byte) where (0x21...0x7E).contains(byte):
                "unexpected character '\(Character(Unicode.Scalar(byte)))'"
            case .unexpectedByte(let byte): "unexpected byte 0x\(String(byte, radix: 16))"
            case .numberOutOfRange: "number out of range"
            case .invalidEscape: "invalid escape"
            case .loneSurrogate: "lone surrogate"
            case .controlCharacter: "unescaped control character"
            case .invalidUTF8: "invalid UTF-8"
            case .tooDeep: "nested too deeply"
            case .tooLarge: "text too large"
            case .duplicateKey: "duplicate key"
            }
        return "\(text) at byte \(offset)"
    }
}
