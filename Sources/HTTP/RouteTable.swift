/// What a table says about a request.
package enum RouteMatch<Handler> {
    case found(Route<Handler>, RouteParameters)
    /// No pattern matches the path.
    case notFound
    /// Patterns match the path, but none for this method; these would do, in a fixed order, for `Allow`.
    case methodNotAllowed([HTTPMethod])
}

extension RouteMatch: Sendable where Handler: Sendable {}

/// Finds the route of a request.
///
/// At each segment a literal is preferred to a parameter and a parameter to a wildcard; if the preferred branch has no
/// route for the method in the end, the next is tried. HEAD takes the route of GET unless it has its own. Immutable,
/// so any thread may use it. A look-up costs one hash per segment, times the branches tried.
package struct RouteTable<Handler> {
    /// All routes, in the order given.
    package let routes: [Route<Handler>]

    private let patterns: [RoutePattern]
    private let trie: RouteTrie

    /// Builds the table; throws on a malformed pattern and on a route that another one makes unreachable.
    package init(_ routes: [Route<Handler>]) throws(RouteTableError) {
        var patterns: [RoutePattern] = []
        var trie = RouteTrie()
        for (index, route) in routes.enumerated() {
            guard let method = RoutableMethod(route.method) else {
                throw .unroutableMethod(route.method, route.pattern)
            }
            let pattern = try RoutePattern(route.pattern)
            if let other = trie.insert(pattern, method, index) {
                throw .duplicate(route.method, routes[other].pattern, route.pattern)
            }
            patterns.append(pattern)
        }
        self.routes = routes
        self.patterns = patterns
        self.trie = trie
    }

    /// The route for a method and a path's decoded segments, as ``HTTPRequestHead/segments`` has them.
    package func match(_ method: HTTPMethod, _ path: [String]) -> RouteMatch<Handler> {
        var allowed = RoutableMethods()
        if let index = trie.find(RoutableMethod(method), path, &allowed) {
            return .found(routes[index], RouteParameters(patterns[index], path))
        }
        return allowed.isEmpty ? .notFound : .methodNotAllowed(allowed.methods)
    }

    /// The methods that a path can be asked with; empty if there is no such path. HEAD comes with GET.
    package func allowedMethods(_ path: [String]) -> [HTTPMethod] {
        var allowed = RoutableMethods()
        _ = trie.find(nil, path, &allowed)
        return allowed.methods
    }
}

extension RouteTable: Sendable where Handler: Sendable {}
