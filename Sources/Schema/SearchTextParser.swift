/// Reads what people type into a search field (spec/data.md 3.3 and 3.7, defect 33).
///
/// Words stand for themselves, whatever is in them: `don't`, `c++`, `a@b.example`; their punctuation separates words that have to
/// follow each other. The operators of SQLite's FTS5 mean what they mean there: `"a phrase"`, `pre*`, `^first`, `a + b`,
/// `NEAR(a b, 5)`, `field: a`, `{field other}: a`, `-field: a`, `a AND b`, `a OR b`, `a NOT b` and parentheses; words without an
/// operator between them all have to be there. Where such a sign does not stand as an operator, it is punctuation: a colon
/// behind a word that names no field, a star or a plus alone. What is refused is what was begun and not finished: a quotation
/// mark or parenthesis without its other half, and AND, OR and NOT without a word on both sides.
package struct SearchTextParser {
    /// How deep parentheses may nest.
    package static let depthMaximum = 16

    private let bytes: [UInt8]
    private let fields: [String]
    private let path: ValuePath
    private var place = 0
    private var depth = 0

    /// Reads a search in `fields` that is the member `key` of a body. A text without words finds nothing.
    package static func parse(
        _ text: String, fields: [String], key: String
    ) throws(QueryProblem) -> SearchExpression {
        try parse(text, fields: fields, at: ValuePath().key(key))
    }

    /// Reads a search text that stands at `path` of a body.
    static func parse(
        _ text: String, fields: [String], at path: ValuePath
    ) throws(QueryProblem) -> SearchExpression {
        var parser = SearchTextParser(bytes: Array(text.utf8), fields: fields, path: path)
        let expression = try parser.alternatives()
        guard parser.place == parser.bytes.count else { throw parser.problem("has a \")\" without its \"(\"") }
        return expression
    }

    private init(bytes: [UInt8], fields: [String], path: ValuePath) {
        self.bytes = bytes
        self.fields = fields
        self.path = path
    }

    private func problem(_ message: String) -> QueryProblem {
        .invalid(path, message)
    }

    // MARK: Operators, the loosest first

    private mutating func alternatives() throws(QueryProblem) -> SearchExpression {
        var parts = [try conjunction()]
        while takeKeyword("OR") { parts.append(try conjunction()) }
        return .disjunction(parts)
    }

    private mutating func conjunction() throws(QueryProblem) -> SearchExpression {
        var parts = [try difference()]
        while takeKeyword("AND") { parts.append(try difference()) }
        return .conjunction(parts)
    }

    private mutating func difference() throws(QueryProblem) -> SearchExpression {
        let first = try sequence()
        var others: [SearchExpression] = []
        while takeKeyword("NOT") { others.append(try sequence()) }
        return .difference(first, others)
    }

    /// What stands side by side, at least one thing.
    private mutating func sequence() throws(QueryProblem) -> SearchExpression {
        var parts: [SearchExpression] = []
        while true {
            skipSpaces()
            if place == bytes.count || next == UInt8(ascii: ")") || isAtKeyword { break }
            parts.append(try item())
        }
        if parts.isEmpty {
            throw problem("lacks a word \(isAtKeyword ? "before an operator" : "behind an operator or parenthesis")")
        }
        return .conjunction(parts)
    }

    private mutating func item() throws(QueryProblem) -> SearchExpression {
        guard let columns = takeColumns() else { return try operand() }
        skipSpaces()
        guard place < bytes.count, next != UInt8(ascii: ")"), !isAtKeyword else {
            throw problem("lacks a word behind a \":\"")
        }
        let inner = try operand()
        return inner == .nothing || columns.isEmpty ? .nothing : .within(columns, inner)
    }

    private mutating func operand() throws(QueryProblem) -> SearchExpression {
        if take("(") { return try group() }
        if isAt("NEAR(") {
            place += 5
            return try nearness()
        }
        return try phrase(endsAtComma: false).map { .phrase($0) } ?? .nothing
    }

    private mutating func group() throws(QueryProblem) -> SearchExpression {
        depth += 1
        defer { depth -= 1 }
        if depth > Self.depthMaximum {
            throw .limit(path, "nests deeper than \(Self.depthMaximum) parentheses")
        }
        let inner = try alternatives()
        guard take(")") else { throw problem("has a \"(\" without its \")\"") }
        return inner
    }

    /// Behind `NEAR(`.
    private mutating func nearness() throws(QueryProblem) -> SearchExpression {
        var phrases: [SearchPhrase] = []
        // FTS5's own default.
        var distance = 10
        while true {
            skipSpaces()
            if take(")") { break }
            if take(",") {
                skipSpaces()
                guard let number = takeNumber(), take(")") else {
                    throw problem("has a NEAR that does not end in a number and a \")\"")
                }
                distance = number
                break
            }
            guard place < bytes.count, next != UInt8(ascii: "(") else { throw problem("has a NEAR without its \")\"") }
            if let phrase = try phrase(endsAtComma: true) { phrases.append(phrase) }
        }
        return phrases.isEmpty ? .nothing : .near(phrases, distance: distance)
    }

    // MARK: Words

    /// One phrase, at least one byte; nil when there is no word in it.
    private mutating func phrase(endsAtComma: Bool) throws(QueryProblem) -> SearchPhrase? {
        var phrase = SearchPhrase([])
        if next == UInt8(ascii: "^"), place + 1 < bytes.count, !isDelimiter(bytes[place + 1]) {
            place += 1
            phrase.isInitial = true
        }
        while true {
            let (text, isPrefix) = try text(endsAtComma: endsAtComma)
            if Self.hasWord(text) {
                phrase.texts.append(text)
                phrase.isPrefix = isPrefix
            }
            if isPrefix || !takeConcatenation() { break }
        }
        return phrase.texts.isEmpty ? nil : phrase
    }

    /// A quoted text or a word, and whether a star follows.
    private mutating func text(endsAtComma: Bool) throws(QueryProblem) -> (String, isPrefix: Bool) {
        if take("\"") {
            let text = try quoted()
            return (text, take("*"))
        }
        let start = place
        while place < bytes.count, !isDelimiter(next), !(endsAtComma && next == UInt8(ascii: ",")) { place += 1 }
        let isPrefix = place - start > 1 && bytes[place - 1] == UInt8(ascii: "*")
        let text = String(decoding: bytes[start..<(isPrefix ? place - 1 : place)], as: UTF8.self)
        return (text, isPrefix)
    }

    /// Behind the first quotation mark; two of them stand for one.
    private mutating func quoted() throws(QueryProblem) -> String {
        var text: [UInt8] = []
        while place < bytes.count {
            let byte = next
            place += 1
            if byte != UInt8(ascii: "\"") {
                text.append(byte)
            } else if place < bytes.count, next == UInt8(ascii: "\"") {
                place += 1
                text.append(byte)
            } else {
                return String(decoding: text, as: UTF8.self)
            }
        }
        throw problem("has a quotation mark without its other half")
    }

    /// A plus with a phrase behind it.
    private mutating func takeConcatenation() -> Bool {
        let start = place
        skipSpaces()
        if take("+") {
            skipSpaces()
            let goesOn = place < bytes.count && (!isDelimiter(next) || next == UInt8(ascii: "\""))
            if goesOn, next != UInt8(ascii: "^"), !isAtKeyword { return true }
        }
        place = start
        return false
    }

    /// Whether the engine would find a word in it: it takes letters, numbers and private characters for parts of words.
    private static func hasWord(_ text: String) -> Bool {
        text.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
                .letterNumber, .otherNumber, .privateUse:
                true
            default: false
            }
        }
    }

    // MARK: Fields

    /// `field:`, `{field other}:` and either with a minus before it; nil, and nothing taken, where that is not what stands here.
    private mutating func takeColumns() -> [String]? {
        let start = place
        let isExcluding = take("-")
        skipSpaces()
        if let names = takeColumnNames() {
            skipSpaces()
            if take(":") {
                return isExcluding ? fields.filter { !names.contains($0) } : names
            }
        }
        place = start
        return nil
    }

    private mutating func takeColumnNames() -> [String]? {
        guard take("{") else { return takeColumnName().map { [$0] } }
        var names: [String] = []
        while true {
            skipSpaces()
            if take("}") { return names.isEmpty ? nil : names }
            guard let name = takeColumnName() else { return nil }
            if !names.contains(name) { names.append(name) }
        }
    }

    /// The name of a field, in either case as in SQLite, in quotation marks or not.
    private mutating func takeColumnName() -> String? {
        let isQuoted = take("\"")
        let start = place
        while place < bytes.count, Name.isIdentifier(byte: next) { place += 1 }
        let name = Name.folded(String(decoding: bytes[start..<place], as: UTF8.self))
        if isQuoted, !take("\"") { return nil }
        return fields.first { Name.folded($0) == name }
    }

    // MARK: Bytes

    private var next: UInt8 { bytes[place] }

    private mutating func skipSpaces() {
        while place < bytes.count, Self.isSpace(next) { place += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard place < bytes.count, next == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    /// A number small enough to count words.
    private mutating func takeNumber() -> Int? {
        let start = place
        while place < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next) { place += 1 }
        defer { skipSpaces() }
        return Int32(String(decoding: bytes[start..<place], as: UTF8.self)).map(Int.init)
    }

    private func isAt(_ text: StaticString) -> Bool {
        bytes[place...].starts(with: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private var isAtKeyword: Bool { isAt(keyword: "AND") || isAt(keyword: "OR") || isAt(keyword: "NOT") }

    private func isAt(keyword: StaticString) -> Bool {
        let end = place + keyword.utf8CodeUnitCount
        return isAt(keyword) && (end == bytes.count || isDelimiter(bytes[end]) || bytes[end] == UInt8(ascii: "\""))
    }

    private mutating func takeKeyword(_ keyword: StaticString) -> Bool {
        skipSpaces()
        guard isAt(keyword: keyword) else { return false }
        place += keyword.utf8CodeUnitCount
        return true
    }

    /// Whether a word ends before it.
    private func isDelimiter(_ byte: UInt8) -> Bool {
        Self.isSpace(byte) || byte == UInt8(ascii: "(") || byte == UInt8(ascii: ")")
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte <= 0x20 }
}
