/// The targets of a `Package.swift`, read as text so that no build is needed to judge it.
struct Manifest {
    struct Target: Equatable {
        var name: String
        var path: String
        var dependencies: [String]
        var line: Int
    }

    let targets: [Target]

    /// Reads the elements of `targets: [...]` and `package.targets += [...]`: calls to SwiftPM's own constructors,
    /// `module` and `tests`.
    init(_ text: SourceText) {
        let tokens = Self.tokens(text)
        let starts =
            Self.indices(after: ["targets", ":", "["], in: tokens)
            + Self.indices(after: ["targets", "+", "=", "["], in: tokens)
        targets = starts.flatMap { Self.elements(of: tokens, from: $0) }.compactMap(Self.target)
    }

    /// The target whose folder holds `path`; the longest folder wins.
    func target(holding path: String) -> Target? {
        targets.filter { path.hasPrefix($0.path + "/") }.max { $0.path.utf8.count < $1.path.utf8.count }
    }

    /// The code's tokens with each string literal as one token, in quotes.
    private static func tokens(_ text: SourceText) -> [SourceText.Token] {
        var tokens: [SourceText.Token] = []
        var offset = 0
        let quote = UInt8(ascii: "\"")
        while offset < text.code.count {
            guard let open = text.code[offset...].firstIndex(of: quote),
                let close = text.code[(open + 1)...].firstIndex(of: quote)
            else { break }
            tokens += plainTokens(text, offset..<open)
            let literal = String(decoding: text.bytes[open...close], as: UTF8.self)
            tokens.append(SourceText.Token(text: literal, line: text.line(at: open)))
            offset = close + 1
        }
        return tokens + plainTokens(text, offset..<text.code.count)
    }

    private static func plainTokens(_ text: SourceText, _ range: Range<Int>) -> [SourceText.Token] {
        let part = SourceText(path: text.path, bytes: Array(text.code[range]))
        let offset = range.isEmpty ? 0 : text.line(at: range.lowerBound) - 1
        return part.tokens().map { SourceText.Token(text: $0.text, line: $0.line + offset) }
    }

    private static func indices(after pattern: [String], in tokens: [SourceText.Token]) -> [Int] {
        guard tokens.count >= pattern.count else { return [] }
        return (pattern.count...tokens.count).filter { end in
            tokens[(end - pattern.count)..<end].map(\.text) == pattern
        }
    }

    /// The elements of an array literal whose first token is at `start`.
    private static func elements(of tokens: [SourceText.Token], from start: Int) -> [ArraySlice<SourceText.Token>] {
        var elements: [ArraySlice<SourceText.Token>] = []
        var index = start
        while index < tokens.count, tokens[index].text != "]" {
            let end = endOfElement(in: tokens, from: index)
            elements.append(tokens[index..<end])
            index = end < tokens.count && tokens[end].text == "," ? end + 1 : end
        }
        return elements
    }

    private static func endOfElement(in tokens: [SourceText.Token], from start: Int) -> Int {
        var depth = 0
        for index in start..<tokens.count {
            switch tokens[index].text {
            case "(", "[": depth += 1
            case ")", "]":
                if depth == 0 { return index }
                depth -= 1
            case "," where depth == 0: return index
            default: break
            }
        }
        return tokens.count
    }

    /// The target that a call makes; nil for a product's list of names.
    private static func target(_ call: ArraySlice<SourceText.Token>) -> Target? {
        guard let function = call.first(where: { $0.text != "." }), !isLiteral(function.text),
            let name = call.first(where: { isLiteral($0.text) })
        else { return nil }
        let short = unquoted(name.text)
        var target = Target(name: short, path: "Sources/\(short)", dependencies: [], line: name.line)
        switch function.text {
        case "module": target.name = "Pylon\(short)"
        case "tests":
            target.name = "Pylon\(short)Tests"
            target.path = "Tests/\(short)Tests"
        default: break
        }
        if let path = literal(behind: "path", in: call) { target.path = path }
        target.dependencies = dependencies(call)
        return target
    }

    private static func literal(behind label: String, in call: ArraySlice<SourceText.Token>) -> String? {
        guard let index = call.firstIndex(where: { $0.text == label }), index + 2 < call.endIndex else { return nil }
        return isLiteral(call[index + 2].text) ? unquoted(call[index + 2].text) : nil
    }

    /// The literals of the array labelled `dependencies`, or of the unlabelled one behind the name.
    private static func dependencies(_ call: ArraySlice<SourceText.Token>) -> [String] {
        guard let open = call.firstIndex(where: { $0.text == "[" }), open >= 2 else { return [] }
        let label = call[open - 1].text == ":" ? call[open - 2].text : "dependencies"
        guard label == "dependencies" else { return [] }
        return call[(open + 1)...].prefix { $0.text != "]" }.map(\.text).filter(isLiteral).map(unquoted)
    }

    private static func isLiteral(_ text: String) -> Bool { text.hasPrefix("\"") }

    private static func unquoted(_ text: String) -> String { String(text.dropFirst().dropLast()) }
}
