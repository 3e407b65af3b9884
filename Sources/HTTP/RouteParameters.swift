/// What the `:name` and `*name` segments of a pattern took, percent-decoded.
package struct RouteParameters: Hashable, Sendable {
    private var names: [String] = []
    private var values: [String] = []
    /// The segments that a final `*name` took: unlike its value, they tell a separator from an escaped slash.
    package private(set) var rest: [String] = []

    package init() {}

    init(_ pattern: RoutePattern, _ path: [String]) {
        for (index, segment) in pattern.segments.enumerated() {
            switch segment {
            case .literal: continue
            case .parameter(let name): add(name, path[index])
            case .wildcard(let name):
                rest = Array(path[index...])
                add(name, rest.joined(separator: "/"))
            }
        }
    }

    /// The value of a parameter; a wildcard's segments are joined by slashes. Nil if the pattern has none of that name.
    package subscript(name: String) -> String? {
        names.firstIndex(of: name).map { values[$0] }
    }

    private mutating func add(_ name: String, _ value: String) {
        names.append(name)
        values.append(value)
    }
}
