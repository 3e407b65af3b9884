/// Cuts the text of a rule into tokens, one at a time.
struct PolicyLexer {
    enum Token: Hashable {
        case end
        case or, and, not
        case equality(PolicyEquality)
        case open, close, comma
        /// Without its quotes, its escapes resolved.
        case string(String)
        /// `true`, `false`, `null`, the name of a call, or a path.
        case word(String)
    }

    let bytes: [UInt8]
    /// Where the token begins that ``next()`` gave last.
    private(set) var start = 0
    private var position = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    func error(_ reason: PolicyParseError.Reason, at offset: Int) -> PolicyParseError {
        PolicyParseError(reason, at: offset, in: bytes)
    }

    /// The next token; ``Token/end`` again and again behind the last.
    mutating func next() throws(PolicyParseError) -> Token {
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
        start = position
        guard position < bytes.count else { return .end }
        switch bytes[position] {
        case UInt8(ascii: "("): return take(1, .open)
        case UInt8(ascii: ")"): return take(1, .close)
        case UInt8(ascii: ","): return take(1, .comma)
        case UInt8(ascii: "!"):
            return follows(UInt8(ascii: "=")) ? take(2, .equality(.notEqual)) : take(1, .not)
        case UInt8(ascii: "="): return try pair(.equality(.equal), "==")
        case UInt8(ascii: "&"): return try pair(.and, "&&")
        case UInt8(ascii: "|"): return try pair(.or, "||")
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return try string()
        case let byte where Self.beginsWord(byte): return word()
        default: throw unknownCharacter()
        }
    }

    private mutating func take(_ count: Int, _ token: Token) -> Token {
        position += count
        return token
    }

    private func follows(_ byte: UInt8) -> Bool {
        position + 1 < bytes.count && bytes[position + 1] == byte
    }

    /// A mark that counts only when doubled.
    private mutating func pair(_ token: Token, _ text: String) throws(PolicyParseError) -> Token {
        guard follows(bytes[position]) else {
            throw error(.unknownCharacter("a single \(text.prefix(1))", advice: "write \(text)"), at: position)
        }
        return take(2, token)
    }

    private mutating func word() -> Token {
        let end = bytes[position...].firstIndex { !Self.continuesWord($0) } ?? bytes.count
        defer { position = end }
        return .word(String(decoding: bytes[position..<end], as: UTF8.self))
    }

    private mutating func string() throws(PolicyParseError) -> Token {
        let quote = bytes[position]
        var content: [UInt8] = []
        var index = position + 1
        while index < bytes.count, bytes[index] != quote {
            if bytes[index] == UInt8(ascii: "\\") {
                guard index + 1 < bytes.count else { break }
                guard let byte = Self.escaped(bytes[index + 1]) else {
                    throw error(.unknownEscape("\\" + character(at: index + 1)), at: index)
                }
                content.append(byte)
                index += 2
            } else {
                content.append(bytes[index])
                index += 1
            }
        }
        guard index < bytes.count, bytes[index] == quote else { throw error(.unterminatedString, at: start) }
        position = index + 1
        return .string(String(decoding: content, as: UTF8.self))
    }

    private static func escaped(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): byte
        case UInt8(ascii: "n"): UInt8(ascii: "\n")
        case UInt8(ascii: "r"): UInt8(ascii: "\r")
        case UInt8(ascii: "t"): UInt8(ascii: "\t")
        case UInt8(ascii: "0"): 0
        default: nil
        }
    }

    private func unknownCharacter() -> PolicyParseError {
        let advice =
            switch bytes[position] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): "write numbers as strings: \"5\""
            case UInt8(ascii: "<"), UInt8(ascii: ">"): "there are only == and !="
            case UInt8(ascii: "["), UInt8(ascii: "]"): "compare with each value, joined by ||"
            default: "names are of letters, digits, _ and ., and strings stand in quotes"
            }
        return error(.unknownCharacter("'\(character(at: position))'", advice: advice), at: position)
    }

    /// The code point that begins at a byte, for a message.
    private func character(at offset: Int) -> String {
        let end = bytes[(offset + 1)...].firstIndex { $0 & 0xC0 != 0x80 } ?? bytes.count
        return String(decoding: bytes[offset..<end], as: UTF8.self)
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
            || byte == UInt8(ascii: "\n")
    }

    private static func beginsWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func continuesWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."): true
        default: beginsWord(byte)
        }
    }
}

extension PolicyLexer.Token {
    /// The token as a message names it.
    var text: String {
        switch self {
        case .end: "the end of the rule"
        case .or: "||"
        case .and: "&&"
        case .not: "!"
        case .equality(let equality): equality.rawValue
        case .open: "("
        case .close: ")"
        case .comma: ","
        case .string(let text): PolicyOperand.quoted(text)
        case .word(let word): word
        }
    }
}
