/// Why a text is no rule, and where.
package struct PolicyParseError: Error, Hashable, CustomStringConvertible {
    /// What is wrong.
    package enum Reason: Hashable, Sendable {
        /// Something else has to stand here; both are written for a person to read.
        case unexpected(found: String, expected: String)
        /// A character that no rule can contain outside its strings, with what to write instead.
        case unknownCharacter(String, advice: String)
        /// A backslash in a string with something behind it that is no escape.
        case unknownEscape(String)
        /// A string without its closing quote.
        case unterminatedString
        /// More parentheses and `!` inside each other than ``PolicyParser/nestingMaximum`` allows.
        case tooDeep
        /// More bytes than ``PolicyParser/byteCountMaximum``.
        case tooLong
    }

    package let reason: Reason
    /// The offset of the offending byte from the start of the UTF-8 text; its length when the text ends too early.
    package let offset: Int
    /// The line of that byte, from 1.
    package let line: Int
    /// The column of that byte in code points, from 1.
    package let column: Int

    init(_ reason: Reason, at offset: Int, in bytes: [UInt8]) {
        self.reason = reason
        self.offset = offset
        let before = bytes[..<min(offset, bytes.count)]
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        line = before.count { $0 == UInt8(ascii: "\n") } + 1
        // Every byte but those that continue a code point begins one.
        column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
    }

    /// The reason alone, for a person to read.
    package var message: String {
        switch reason {
        case .unexpected(let found, let expected): "expected \(expected), found \(found)"
        case .unknownCharacter(let character, let advice): "\(character) is not part of the language; \(advice)"
        case .unknownEscape(let escape): #"unknown escape \#(escape); there are \\ \" \' \n \r \t \0"#
        case .unterminatedString: "the string has no closing quote"
        case .tooDeep: "nested too deeply: at most 31 levels of parentheses"
        case .tooLong: "longer than \(PolicyParser.byteCountMaximum) bytes"
        }
    }

    package var description: String { "line \(line), column \(column): \(message)" }
}
