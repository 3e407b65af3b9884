/// Who may call a route. Checked before its handler runs and before its body is read.
package enum RouteAccess: Hashable, Sendable {
    /// No credential is needed; a bad one is ignored.
    case anyone
    /// Any user id: sessions, guests, API keys, admins.
    case user
    /// Administrators only.
    case admin
}

/// The greatest request body that a route accepts.
package struct BodyLimit: Hashable, Sendable {
    /// Nil for the server's default.
    package let bytesMaximum: Int?

    /// What ``HTTPLimits/bodyBytesMaximum`` says.
    package static var standard: Self { Self(bytesMaximum: nil) }
    /// No body at all.
    package static var none: Self { Self(bytesMaximum: 0) }

    /// So many bytes.
    package static func bytes(_ count: Int) -> Self { Self(bytesMaximum: count) }
    /// So many times 1,024 bytes.
    package static func kibi(_ count: Int) -> Self { Self(bytesMaximum: count * 1024) }
    /// So many times 1,048,576 bytes.
    package static func mebi(_ count: Int) -> Self { Self(bytesMaximum: count * 1024 * 1024) }
}

/// One line of a route table: routing, access checks, the OPTIONS answer, metrics labels and the protocol pages are all
/// derived from it.
///
/// A pattern begins with `/`. Its segments are literals, compared with the decoded segments of a path; `:name`, which
/// takes one non-empty segment; or, in last place, `*name`, which takes one or more segments, empty ones included.
package struct Route<Handler> {
    package let method: HTTPMethod
    /// The pattern as written, such as `/api/shards/:id/connect`: the route's label in metrics.
    package let pattern: String
    package let access: RouteAccess
    package let bodyLimit: BodyLimit
    package let handler: Handler

    package init(
        _ method: HTTPMethod, _ pattern: String, access: RouteAccess, bodyLimit: BodyLimit = .standard, handler: Handler
    ) {
        self.method = method
        self.pattern = pattern
        self.access = access
        self.bodyLimit = bodyLimit
        self.handler = handler
    }
}

extension Route: Sendable where Handler: Sendable {}

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
