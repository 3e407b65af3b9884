/// What a table says about a request.
package enum RouteMatch<Handler> {
    case found(Route<Handler>, RouteParameters)
    /// No pattern matches the path.
    case notFound
    /// Patterns match the path, but none for this method; these would do, in a fixed order, for `Allow`.
    case methodNotAllowed([HTTPMethod])
}

extension RouteMatch: Sendable where Handler: Sendable {}

/// Finds the route of a request: a trie over path segments.
///
/// At each segment a literal is preferred to a parameter and a parameter to a wildcard; if the preferred branch has no
/// route for the method in the end, the next is tried. HEAD takes the route of GET unless it has its own. Immutable,
/// so any thread may use it. A look-up costs one hash per segment, times the branches tried.
package struct RouteTable<Handler> {
    /// One position in the trie. Children are indices into ``nodes``.
    private struct Node {
        var literals: [String: Int] = [:]
        var parameter: Int?
        /// Routes that end here, and routes whose wildcard begins here: indices into ``routes``.
        var ends: [Int] = []
        var wildcards: [Int] = []
    }

    /// All routes, in the order given.
    package let routes: [Route<Handler>]

    private let patterns: [RoutePattern]
    private var nodes: [Node] = [Node()]

    /// Builds the table; throws on a malformed pattern and on a route that another one makes unreachable.
    package init(_ routes: [Route<Handler>]) throws(RouteTableError) {
        self.routes = routes
        var patterns: [RoutePattern] = []
        for route in routes {
            if case .other = route.method { throw .unroutableMethod(route.method, route.pattern) }
            patterns.append(try RoutePattern(route.pattern))
        }
        self.patterns = patterns
        for index in routes.indices { try insert(index) }
    }

    /// The route for a method and a path's decoded segments, as ``HTTPRequestHead/segments`` has them.
    package func match(_ method: HTTPMethod, _ path: [String]) -> RouteMatch<Handler> {
        var allowed: Set<HTTPMethod> = []
        if let index = descend(0, path[...], method, &allowed) {
            return .found(routes[index], RouteParameters(patterns[index], path))
        }
        return allowed.isEmpty ? .notFound : .methodNotAllowed(Self.ordered(allowed))
    }

    /// The methods that a path can be asked with; empty if there is no such path. HEAD comes with GET.
    package func allowedMethods(_ path: [String]) -> [HTTPMethod] {
        var allowed: Set<HTTPMethod> = []
        // No route has this method, so every branch is visited.
        _ = descend(0, path[...], .other(""), &allowed)
        return Self.ordered(allowed)
    }

    private func descend(
        _ node: Int, _ path: ArraySlice<String>, _ method: HTTPMethod, _ allowed: inout Set<HTTPMethod>
    ) -> Int? {
        guard let segment = path.first else { return pick(nodes[node].ends, method, &allowed) }
        let rest = path.dropFirst()
        if let literal = nodes[node].literals[segment], let found = descend(literal, rest, method, &allowed) {
            return found
        }
        if let parameter = nodes[node].parameter, !segment.isEmpty,
            let found = descend(parameter, rest, method, &allowed)
        {
            return found
        }
        return pick(nodes[node].wildcards, method, &allowed)
    }

    /// The route for the method; otherwise takes note of the methods that would have done.
    private func pick(_ candidates: [Int], _ method: HTTPMethod, _ allowed: inout Set<HTTPMethod>) -> Int? {
        if let found = candidates.first(where: { routes[$0].method == method }) { return found }
        if method == .head, let found = candidates.first(where: { routes[$0].method == .get }) { return found }
        for candidate in candidates { allowed.insert(routes[candidate].method) }
        return nil
    }

    private mutating func insert(_ index: Int) throws(RouteTableError) {
        var node = 0
        for segment in patterns[index].segments {
            switch segment {
            case .literal(let text): node = child(of: node, literal: text)
            case .parameter: node = parameterChild(of: node)
            case .wildcard:
                try add(index, to: node, \.wildcards)
                return
            }
        }
        try add(index, to: node, \.ends)
    }

    private mutating func add(
        _ index: Int, to node: Int, _ list: WritableKeyPath<Node, [Int]>
    ) throws(RouteTableError) {
        let method = routes[index].method
        if let other = nodes[node][keyPath: list].first(where: { routes[$0].method == method }) {
            throw .duplicate(method, routes[other].pattern, routes[index].pattern)
        }
        nodes[node][keyPath: list].append(index)
    }

    private mutating func child(of node: Int, literal: String) -> Int {
        if let child = nodes[node].literals[literal] { return child }
        nodes.append(Node())
        nodes[node].literals[literal] = nodes.count - 1
        return nodes.count - 1
    }

    private mutating func parameterChild(of node: Int) -> Int {
        if let child = nodes[node].parameter { return child }
        nodes.append(Node())
        nodes[node].parameter = nodes.count - 1
        return nodes.count - 1
    }

    /// HEAD is answered wherever GET is.
    private static func ordered(_ methods: Set<HTTPMethod>) -> [HTTPMethod] {
        let all: [HTTPMethod] = [.get, .head, .post, .put, .patch, .delete, .options]
        return all.filter { methods.contains($0) || ($0 == .head && methods.contains(.get)) }
    }
}

extension RouteTable: Sendable where Handler: Sendable {}
