/// Limits on the size of things, and names that say nothing.
enum Shape {
    static let functionLinesMaximum = 70
    static let fileLinesMaximum = 500

    /// Functions that may be longer, as `file name:function name`, each with its reason. Lines may go, not come.
    static let longFunctions: [String: String] = [:]

    /// Files that may be longer, by path, each with its reason.
    static let longFiles: [String: String] = [:]

    static let emptySuffixes = [
        "Manager", "Helper", "Helpers", "Util", "Utils", "Common", "Misc", "Base", "Impl",
    ]

    static func longFunctionViolations(in text: SourceText, allowed: [String: String] = longFunctions) -> [Violation] {
        text.declarations
            .filter { $0.kind == .function && $0.lineCount > functionLinesMaximum }
            .filter { allowed["\(text.name):\($0.name)"] == nil }
            .map { Violation(path: text.path, line: $0.firstLine, message: "\($0.name) has \($0.lineCount) lines") }
    }

    static func longFileViolations(in text: SourceText, allowed: [String: String] = longFiles) -> [Violation] {
        if text.lineCount <= fileLinesMaximum || allowed[text.path] != nil { return [] }
        return [Violation(path: text.path, line: text.lineCount, message: "the file has \(text.lineCount) lines")]
    }

    /// The allowances that nothing needs any more: they have to go, so that the limits only ever tighten.
    static func staleAllowances(in texts: [SourceText]) -> [String] {
        var stale: [String] = []
        for entry in longFunctions.keys.sorted() {
            let isNeeded = texts.contains { text in
                entry.hasPrefix("\(text.name):")
                    && longFunctionViolations(in: text, allowed: [:]).contains {
                        $0.message.hasPrefix("\(entry.dropFirst(text.name.count + 1)) has")
                    }
            }
            if !isNeeded { stale.append(entry) }
        }
        for entry in longFiles.keys.sorted() {
            let text = texts.first { $0.path == entry }
            if text.map({ longFileViolations(in: $0, allowed: [:]).isEmpty }) ?? true { stale.append(entry) }
        }
        return stale
    }

    /// Types and files named for no concept, and types that hide their own module's name.
    static func nameViolations(in text: SourceText, module: String?) -> [Violation] {
        var found: [Violation] = []
        let fileName = String(text.name)
        if emptySuffixes.contains(where: fileName.hasSuffix) {
            found.append(Violation(path: text.path, line: 1, message: "the file name \(fileName) names no concept"))
        }
        for declaration in text.declarations where [.type, .protocol].contains(declaration.kind) {
            let name = declaration.name
            if emptySuffixes.contains(where: name.hasSuffix) {
                found.append(
                    Violation(path: text.path, line: declaration.firstLine, message: "\(name) names no concept"))
            }
            if name == module, text.path.hasPrefix("Sources/") {
                let message = "\(name) carries its module's name, which then no longer disambiguates"
                found.append(Violation(path: text.path, line: declaration.firstLine, message: message))
            }
        }
        return found
    }
}
