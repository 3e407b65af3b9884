/// A route's pattern, taken apart.
struct RoutePattern: Sendable {
    enum Segment: Hashable, Sendable {
        /// Exactly this text.
        case literal(String)
        /// Any one segment that is not empty.
        case parameter(String)
        /// One or more segments, to the end.
        case wildcard(String)
    }

    let segments: [Segment]

    /// Throws ``RouteTableError/malformedPattern(_:)``.
    init(_ text: String) throws(RouteTableError) {
        guard text.first == "/" else { throw .malformedPattern(text) }
        guard text != "/" else {
            segments = []
            return
        }
        let pieces = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        var segments: [Segment] = []
        var names: Set<Substring> = []
        for (index, piece) in pieces.enumerated() {
            let name = piece.dropFirst()
            switch piece.first {
            case ":": segments.append(.parameter(String(name)))
            case "*" where index == pieces.count - 1: segments.append(.wildcard(String(name)))
            default:
                guard Self.isLiteral(piece) else { throw .malformedPattern(text) }
                segments.append(.literal(String(piece)))
                continue
            }
            guard Self.isName(name), names.insert(name).inserted else { throw .malformedPattern(text) }
        }
        self.segments = segments
    }

    /// Empty literals would match `//` or be hidden by the trailing-slash rule; `%`, `?` and `#` never match what the
    /// writer meant, since paths are compared decoded and without their query.
    private static func isLiteral(_ piece: Substring) -> Bool {
        !piece.isEmpty && piece.first != "*" && !piece.contains { "%?#".contains($0) }
    }

    private static func isName(_ name: Substring) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { HTTPSyntax.isToken($0) && $0 != UInt8(ascii: "*") }
    }
}
