/// A query or an action that the manifest declares.
package struct Operation: Hashable, Sendable {
    package let name: String
    /// What it is called with.
    package let input: [Field]

    package init(name: String, input: [Field] = []) {
        self.name = name
        self.input = input
    }
}

/// A page of the app: metadata for tools, served by none of the server's routes.
package struct ManifestRoute: Hashable, Sendable {
    /// The modes that the tools know; others pass with a warning.
    package static let knownModes = ["static", "server", "live"]
    /// Who may be asked for.
    package static let knownAccess = ["public", "user"]

    /// Begins with a slash; `:name` segments are inputs of the query.
    package let path: String
    package let mode: String
    /// The name of a declared query.
    package let query: String?
    /// `public` or `user`.
    package let auth: String?

    package init(path: String, mode: String, query: String? = nil, auth: String? = nil) {
        self.path = path
        self.mode = mode
        self.query = query
        self.auth = auth
    }

    /// The names of the path's parameters, in order.
    package var parameters: [String] {
        path.split(separator: "/").filter { $0.hasPrefix(":") }.map { String($0.dropFirst()) }
    }
}
