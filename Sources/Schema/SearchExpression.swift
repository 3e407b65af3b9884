/// What a search text asks for, taken apart: which words, where, and how they go together.
package indirect enum SearchExpression: Hashable, Sendable {
    /// Finds nothing: there is no word in it.
    case nothing
    case phrase(SearchPhrase)
    /// Phrases with at most so many words between them.
    case near([SearchPhrase], distance: Int)
    /// Found in some of the fields; for none of them, nowhere.
    case within([String], SearchExpression)
    case all([SearchExpression])
    case any([SearchExpression])
    /// The first without the second.
    case except(SearchExpression, SearchExpression)
}

/// Words that follow each other.
package struct SearchPhrase: Hashable, Sendable {
    /// Texts whose words make it up, one behind the other. The engine takes them apart into words; punctuation separates.
    package var texts: [String]
    /// Whether the last word may go on.
    package var isPrefix = false
    /// Whether it stands at the beginning of a field.
    package var isInitial = false

    package init(_ texts: [String], isPrefix: Bool = false, isInitial: Bool = false) {
        self.texts = texts
        self.isPrefix = isPrefix
        self.isInitial = isInitial
    }
}

extension SearchExpression {
    /// All of them; what has no word is left out of account.
    static func conjunction(_ parts: [SearchExpression]) -> SearchExpression {
        let parts = parts.filter { $0 != .nothing }
        return parts.count > 1 ? .all(parts) : parts.first ?? .nothing
    }

    /// Any of them.
    static func disjunction(_ parts: [SearchExpression]) -> SearchExpression {
        let parts = parts.filter { $0 != .nothing }
        return parts.count > 1 ? .any(parts) : parts.first ?? .nothing
    }

    /// The first without the others.
    static func difference(_ first: SearchExpression, _ others: [SearchExpression]) -> SearchExpression {
        let others = disjunction(others)
        return first == .nothing || others == .nothing ? first : .except(first, others)
    }
}
