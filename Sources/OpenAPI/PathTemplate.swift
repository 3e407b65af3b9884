internal import PylonBytes

/// A route's pattern as OpenAPI has it, with the subject's name in its place.
struct PathTemplate {
    /// Such as `/api/entities/Todo/{id}`.
    private(set) var text = ""
    /// The names between braces, in order.
    private(set) var parameters: [String] = []

    /// Translates `pattern`; the parameter `replaced` becomes the subject's name.
    init(_ pattern: String, about subject: Subject?, replacing replaced: String?) {
        for segment in pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            let name = String(segment.dropFirst())
            if !segment.hasPrefix(":"), !segment.hasPrefix("*") {
                text += "/\(segment)"
            } else if let subject, name == replaced {
                text += "/" + PercentCoding.encode(subject.name)
            } else {
                text += "/{\(name)}"
                parameters.append(name)
            }
        }
    }
}
