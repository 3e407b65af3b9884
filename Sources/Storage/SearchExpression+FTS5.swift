package import PylonSchema

extension SearchExpression {
    /// The same in FTS5's query syntax, every text and name quoted, so that nothing in them is taken for syntax.
    package var fts5: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        // A phrase without a word, which FTS5 finds nowhere.
        case .nothing: text += "\"\""
        case .phrase(let phrase): phrase.write(to: &text)
        case .near(let phrases, let distance):
            text += "NEAR("
            for (index, phrase) in phrases.enumerated() {
                if index > 0 { text += " " }
                phrase.write(to: &text)
            }
            text += ",\(distance))"
        case .within(let columns, let inner):
            guard !columns.isEmpty else { return SearchExpression.nothing.write(to: &text) }
            text += "{" + columns.map(SQLWriter.quoted).joined(separator: " ") + "}:"
            inner.writeGroup(to: &text)
        case .all(let parts): Self.write(parts, joinedBy: "AND", to: &text)
        case .any(let parts): Self.write(parts, joinedBy: "OR", to: &text)
        case .except(let first, let second):
            first.writeGroup(to: &text)
            text += "NOT"
            second.writeGroup(to: &text)
        }
    }

    private func writeGroup(to text: inout String) {
        text += "("
        write(to: &text)
        text += ")"
    }

    /// Phrases that all have to be there stand side by side: so FTS5 leaves out of account what it finds no word in, as an
    /// `AND` does not.
    private static func write(_ parts: [SearchExpression], joinedBy word: String, to text: inout String) {
        guard let first = parts.first else { return SearchExpression.nothing.write(to: &text) }
        first.isPlain ? first.write(to: &text) : first.writeGroup(to: &text)
        for (previous, part) in zip(parts, parts.dropFirst()) {
            text += word == "AND" && previous.isPlain && part.isPlain ? " " : word
            part.isPlain ? part.write(to: &text) : part.writeGroup(to: &text)
        }
    }

    private var isPlain: Bool {
        switch self {
        case .phrase, .near: true
        case .nothing, .within, .all, .any, .except: false
        }
    }
}

extension SearchPhrase {
    fileprivate func write(to text: inout String) {
        if isInitial { text += "^" }
        text += texts.map(SQLWriter.quoted).joined(separator: "+")
        if isPrefix { text += "*" }
    }
}
