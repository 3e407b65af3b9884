/// The rule of a policy as a tree.
///
/// What is without meaning in the text (spaces, needless parentheses, the kind of quotes, `hasRole` beside `hasAnyRole` of
/// one) is not kept: ``description`` writes the shortest text that parses to the same tree.
package indirect enum PolicyExpression: Hashable, Sendable {
    /// A bare value: by itself its truth, in front of `==` or `!=` the value.
    case value(PolicyOperand)
    /// A value in parentheses: a boolean, whether or not it is compared.
    case truth(PolicyOperand)
    /// Whether the caller has one of the roles; administrators have all.
    case hasAnyRole([String])
    case not(PolicyExpression)
    /// At most one comparison; its right side is a value.
    case compare(PolicyExpression, PolicyEquality, PolicyOperand)
    /// Two or more.
    case all([PolicyExpression])
    /// Two or more.
    case any([PolicyExpression])

    /// The rule that `text` spells.
    package init(parsing text: String) throws(PolicyParseError) {
        var parser = try PolicyParser(text)
        self = try parser.rule()
    }
}

/// A value that a rule names.
package enum PolicyOperand: Hashable, Sendable {
    case null
    case bool(Bool)
    case text(String)
    case path(PolicyPath)
}

/// The two comparisons that rules have.
package enum PolicyEquality: String, Hashable, Sendable {
    case equal = "=="
    case notEqual = "!="
}

extension PolicyExpression {
    /// Every path in it, from left to right.
    package var paths: [PolicyPath] {
        switch self {
        case .value(let operand), .truth(let operand): operand.path.map { [$0] } ?? []
        case .hasAnyRole: []
        case .not(let inner): inner.paths
        case .compare(let left, _, let right): left.paths + (right.path.map { [$0] } ?? [])
        case .all(let parts), .any(let parts): parts.flatMap(\.paths)
        }
    }
}

extension PolicyOperand {
    /// The path, where it is one.
    package var path: PolicyPath? {
        if case .path(let path) = self { path } else { nil }
    }
}
