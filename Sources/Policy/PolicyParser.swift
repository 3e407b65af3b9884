/// Reads rules by recursive descent, one function for each line of the grammar (docs/policies.md).
package struct PolicyParser {
    /// A rule of 8 KiB is longer than anyone can review.
    package static let byteCountMaximum = 8192
    /// Units of nesting: the rule itself costs two, a parenthesis two, a `!` one; so 31 levels of parentheses parse.
    package static let nestingMaximum = 64

    private var lexer: PolicyLexer
    private var token: PolicyLexer.Token
    private var nesting = 2

    init(_ text: String) throws(PolicyParseError) {
        lexer = PolicyLexer(text)
        guard lexer.bytes.count <= Self.byteCountMaximum else {
            throw lexer.error(.tooLong, at: Self.byteCountMaximum)
        }
        token = try lexer.next()
    }

    /// rule := or end
    mutating func rule() throws(PolicyParseError) -> PolicyExpression {
        let expression = try or()
        if token == .end { return expression }
        if case .equality = token, case .compare = expression {
            throw unexpected("&& or ||, since comparisons do not chain")
        }
        throw unexpected("&&, || or the end of the rule")
    }

    /// or := and ( "||" and )*
    private mutating func or() throws(PolicyParseError) -> PolicyExpression {
        let first = try and()
        guard token == .or else { return first }
        var parts = [first]
        while token == .or {
            try advance()
            parts.append(try and())
        }
        return .any(parts)
    }

    /// and := comparison ( "&&" comparison )*
    private mutating func and() throws(PolicyParseError) -> PolicyExpression {
        let first = try comparison()
        guard token == .and else { return first }
        var parts = [first]
        while token == .and {
            try advance()
            parts.append(try comparison())
        }
        return .all(parts)
    }

    /// comparison := not ( ( "==" | "!=" ) atom )?
    private mutating func comparison() throws(PolicyParseError) -> PolicyExpression {
        let left = try not()
        guard case .equality(let equality) = token else { return left }
        try advance()
        return .compare(left, equality, try atom(after: equality))
    }

    /// not := "!" not | primary
    private mutating func not() throws(PolicyParseError) -> PolicyExpression {
        guard token == .not else { return try primary() }
        try descend(by: 1)
        try advance()
        let inner = try not()
        nesting -= 1
        return .not(inner)
    }

    /// primary := "true" | "false" | "null" | STRING | "(" or ")" | call | path
    private mutating func primary() throws(PolicyParseError) -> PolicyExpression {
        switch token {
        case .open: return try group()
        case .string(let text):
            try advance()
            return .value(.text(text))
        case .word(let word):
            try advance()
            if token == .open, word == "auth.hasRole" || word == "auth.hasAnyRole" {
                return .hasAnyRole(try roles(isOne: word == "auth.hasRole"))
            }
            return .value(Self.operand(of: word))
        default: throw unexpected("a value, ! or (")
        }
    }

    private mutating func group() throws(PolicyParseError) -> PolicyExpression {
        try descend(by: 2)
        try advance()
        let inner = try or()
        try expect(.close, "&&, || or )")
        nesting -= 2
        // All but a bare value are boolean already; `(true)` is `true`.
        return switch inner {
        case .value(.bool): inner
        case .value(let operand): .truth(operand)
        default: inner
        }
    }

    /// atom := "null" | "true" | "false" | STRING | path
    private mutating func atom(after equality: PolicyEquality) throws(PolicyParseError) -> PolicyOperand {
        switch token {
        case .string(let text):
            try advance()
            return .text(text)
        case .word(let word):
            try advance()
            return Self.operand(of: word)
        default: throw unexpected("a string, true, false, null or a path after \(equality.rawValue)")
        }
    }

    /// The arguments of a call: STRING for one role, else STRING ( "," STRING )* [ "," ].
    private mutating func roles(isOne: Bool) throws(PolicyParseError) -> [String] {
        try advance()
        var roles: [String] = []
        repeat {
            // A comma may stand behind the last role.
            if !roles.isEmpty {
                try advance()
                if token == .close { break }
            }
            guard case .string(let role) = token else { throw unexpected("a role in quotes") }
            roles.append(role)
            try advance()
        } while token == .comma && !isOne
        try expect(.close, isOne ? ") after the one role" : ", or )")
        return roles
    }

    private static func operand(of word: String) -> PolicyOperand {
        switch word {
        case "null": .null
        case "true": .bool(true)
        case "false": .bool(false)
        default: .path(PolicyPath(word))
        }
    }

    private mutating func advance() throws(PolicyParseError) {
        token = try lexer.next()
    }

    private mutating func expect(_ wanted: PolicyLexer.Token, _ expected: String) throws(PolicyParseError) {
        guard token == wanted else { throw unexpected(expected) }
        try advance()
    }

    private mutating func descend(by units: Int) throws(PolicyParseError) {
        nesting += units
        if nesting > Self.nestingMaximum { throw lexer.error(.tooDeep, at: lexer.start) }
    }

    private func unexpected(_ expected: String) -> PolicyParseError {
        lexer.error(.unexpected(found: token.text, expected: expected), at: lexer.start)
    }
}
