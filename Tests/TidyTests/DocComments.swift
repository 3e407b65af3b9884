/// Doc comments on what other modules can see.
enum DocComments {
    /// Members whose meaning the standard library fixes.
    static let exemptNames: Set<String> = [
        "description", "debugDescription", "hash", "==", "<", "encode", "next", "isEmpty", "count", "removeAll",
        "rawValue", "makeIterator",
    ]

    /// What every protocol of the package requires: documented there, once, and not again where it is met.
    static func requirements(in texts: [SourceText]) -> [String: Set<String>] {
        var requirements: [String: Set<String>] = [:]
        for text in texts where text.path.hasPrefix("Sources/") {
            for declaration in text.declarations where declaration.kind == .protocol {
                for line in (declaration.firstLine + 1)..<max(declaration.firstLine + 1, declaration.lastLine) {
                    guard let name = declaredName(text.codeLine(line)) else { continue }
                    requirements[declaration.name, default: []].insert(name)
                }
            }
        }
        return requirements
    }

    /// Declarations marked `public`, `package` or `open`, and requirements of such protocols, without a doc comment.
    /// Initialisers, cases and a type's properties are left to their author's judgement: many a name says it all.
    /// Overrides are documented where they come from, overloads once in their file.
    static func violations(in text: SourceText, requirements: [String: Set<String>]) -> [Violation] {
        let declarations = text.declarations
        let overloads = Set(
            (1...max(1, text.lineCount)).filter { isDocumented($0, in: text) }
                .compactMap { declaredName(text.codeLine($0)) })
        var found: [Violation] = []
        for line in 1...max(1, text.lineCount) {
            let code = text.codeLine(line)
            guard let name = declaredName(code), !exemptNames.contains(name), !overloads.contains(name) else {
                continue
            }
            let owner = declarations.filter { $0.contains(line: line) }.max { $0.firstLine < $1.firstLine }
            if let owner, owner.kind == .function { continue }
            let isRequirement =
                owner?.kind == .protocol && owner.map { isExported(text.codeLine($0.firstLine)) } == true
            guard isRequirement || isExported(code) && !isProperty(code) else { continue }
            if let owner, owner.kind != .protocol, meets(name, owner, requirements) { continue }
            if words(code).contains("override") { continue }
            found.append(Violation(path: text.path, line: line, message: "\(name) has no doc comment"))
        }
        return found
    }

    private static func meets(_ name: String, _ owner: Declaration, _ requirements: [String: Set<String>]) -> Bool {
        ([owner.name] + owner.header).contains { requirements[$0]?.contains(name) == true }
    }

    private static let access: Set<Substring> = ["public", "package", "open"]

    private static func isProperty(_ code: String) -> Bool {
        words(code).first { keywords.contains($0) && $0 != "class" }.map { $0 == "var" || $0 == "let" } ?? false
    }

    private static func isExported(_ code: String) -> Bool {
        words(code).prefix { !keywords.contains($0) }.contains { access.contains($0) }
    }

    private static let keywords: Set<Substring> = [
        "func", "var", "let", "struct", "class", "enum", "protocol", "actor", "typealias", "associatedtype",
        "subscript",
    ]

    private static let modifiers: Set<Substring> = [
        "public", "package", "open", "internal", "fileprivate", "private", "static", "class", "final", "mutating",
        "nonmutating", "consuming", "borrowing", "indirect", "lazy", "weak", "unowned", "override", "nonisolated",
        "private(set)", "fileprivate(set)", "internal(set)", "package(set)", "unowned(unsafe)", "nonisolated(unsafe)",
        "isolated", "dynamic", "required", "convenience", "prefix", "postfix", "infix", "distributed",
    ]

    /// The name a line declares; nil when it declares nothing that needs a doc comment.
    private static func declaredName(_ code: String) -> String? {
        let words = words(code)
        guard
            let index = words.firstIndex(where: { keywords.contains($0) && $0 != "class" })
                ?? words.firstIndex(of: "class"),
            words[..<index].allSatisfy({ modifiers.contains($0) || $0.hasPrefix("@") })
        else { return nil }
        if words[index] == "subscript" || words[index].hasPrefix("subscript(") { return "subscript" }
        guard index + 1 < words.count else { return nil }
        let name = words[index + 1]
        let stop = name.firstIndex { "(:<{=,".contains($0) } ?? name.endIndex
        // An operator's own name may be one of those marks.
        return String(stop == name.startIndex ? name.prefix { $0 != "(" } : name[..<stop])
    }

    private static func words(_ code: String) -> [Substring] { code.split(separator: " ") }

    /// Whether a doc comment stands right above, attributes aside.
    private static func isDocumented(_ line: Int, in text: SourceText) -> Bool {
        var above = line - 1
        while text.codeLine(above).hasPrefix("@") { above -= 1 }
        let comment = text.line(above)
        return comment.hasPrefix("///") || comment.hasSuffix("*/")
    }
}
