/// Hands out names that a document may use as keys, each once.
struct UniqueNames: Sendable {
    private var taken: Set<String> = []

    /// `wanted`, with what is not allowed in a component's name (letters, digits, `.`, `-` and `_` are) as `_`, and with `_` added
    /// until nobody else has the name.
    mutating func take(_ wanted: String) -> String {
        var name = String(
            String.UnicodeScalarView(wanted.unicodeScalars.map { Self.isAllowed($0) ? $0 : Unicode.Scalar("_") }))
        while !taken.insert(name).inserted { name += "_" }
        return name
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", ".", "-", "_": true
        default: false
        }
    }
}
