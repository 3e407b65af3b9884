/// A type, extension or function with the lines it spans.
struct Declaration {
    enum Kind {
        case type
        case `protocol`
        case `extension`
        case function
        /// A pair of braces that declares nothing by itself.
        case block
    }

    var kind: Kind
    /// The declared name; for an extension that of the extended type.
    var name: String
    /// What stands between the name and the opening brace: inheritance, parameters, constraints.
    var header: [String] = []
    var firstLine: Int
    var lastLine = 0

    var lineCount: Int { lastLine - firstLine + 1 }

    func contains(line: Int) -> Bool { line > firstLine && line <= lastLine }
}

extension SourceText {
    func findDeclarations() -> [Declaration] {
        var walk = DeclarationWalk()
        for token in tokens() { walk.take(token) }
        return walk.finished
    }

    struct Token: Equatable {
        var text: String
        var line: Int
    }

    /// The words and the punctuation marks of the code; a back-quoted name keeps its quotes.
    func tokens() -> [Token] {
        var tokens: [Token] = []
        var line = 1
        var index = 0
        while index < code.count {
            let start = index
            switch code[index] {
            case UInt8(ascii: "\n"):
                line += 1
                index += 1
                continue
            case UInt8(ascii: " "):
                index += 1
                continue
            case UInt8(ascii: "`"):
                index += 1
                while index < code.count, code[index] != UInt8(ascii: "`") { index += 1 }
                index = min(index + 1, code.count)
            case let byte where Self.isWord(byte):
                while index < code.count, Self.isWord(code[index]) { index += 1 }
            default:
                index += 1
            }
            tokens.append(Token(text: String(decoding: code[start..<index], as: UTF8.self), line: line))
        }
        return tokens
    }

    static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }
}

/// Follows braces and parentheses through a file and notes what each pair of braces belongs to.
private struct DeclarationWalk {
    private(set) var finished: [Declaration] = []
    private var open: [Scope] = []
    private var parentheses = 0
    private var pending: Declaration?
    private var keyword: SourceText.Token?
    private var previous = ""

    /// An open pair of braces, and what to return to behind it.
    private struct Scope {
        var declaration: Declaration
        var parentheses: Int
        var pending: Declaration?
    }

    mutating func take(_ token: SourceText.Token) {
        defer { previous = token.text }
        if let keyword, name(token, after: keyword) { return }
        switch token.text {
        case "(", "[": parentheses += 1
        case ")", "]": parentheses -= 1
        case "{": openBrace(line: token.line)
        case "}": closeBrace(line: token.line)
        case "struct", "class", "enum", "actor", "protocol", "extension", "func", "init", "deinit", "subscript":
            if parentheses == 0, previous != ".", previous != ":" { keyword = token }
        default: break
        }
        if token.text != "{" { pending?.header.append(token.text) }
    }

    /// Takes the token behind a keyword as the declared name; false where the keyword turns out not to declare.
    private mutating func name(_ token: SourceText.Token, after keyword: SourceText.Token) -> Bool {
        self.keyword = nil
        let isRequirement = open.last?.declaration.kind == .protocol
        switch keyword.text {
        case "init", "deinit", "subscript":
            guard !isRequirement, ["(", "<", "?", "!", "{"].contains(token.text) else { return false }
            pending = Declaration(kind: .function, name: keyword.text, firstLine: keyword.line)
            return false
        case "func":
            if !isRequirement { pending = Declaration(kind: .function, name: token.text, firstLine: keyword.line) }
            return token.text != "("
        default:
            // `class func` and `class var` go on with another keyword; `actor` and the like may be names themselves.
            guard let first = token.text.utf8.first, first == UInt8(ascii: "`") || SourceText.isWord(first),
                !["func", "var", "let", "subscript"].contains(token.text)
            else { return false }
            let kind: Declaration.Kind =
                switch keyword.text {
                case "protocol": .protocol
                case "extension": .extension
                default: .type
                }
            pending = Declaration(kind: kind, name: token.text, firstLine: keyword.line)
            return true
        }
    }

    private mutating func openBrace(line: Int) {
        if parentheses == 0, let pending {
            open.append(Scope(declaration: pending, parentheses: 0))
        } else {
            // A closure, such as a parameter's default: the declaration around it is still waiting for its body.
            let block = Declaration(kind: .block, name: "", firstLine: line)
            open.append(Scope(declaration: block, parentheses: parentheses, pending: pending))
        }
        pending = nil
        parentheses = 0
    }

    private mutating func closeBrace(line: Int) {
        guard var scope = open.popLast() else { return }
        parentheses = scope.parentheses
        pending = scope.pending
        scope.declaration.lastLine = line
        if scope.declaration.kind != .block { finished.append(scope.declaration) }
    }
}
