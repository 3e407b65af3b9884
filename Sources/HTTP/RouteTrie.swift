/// Route indices by path: one node for each position in a pattern. It knows no handlers, so it is compiled once.
struct RouteTrie: Sendable {
    /// Route indices by method.
    private struct Leaf: Sendable {
        private(set) var routes: [(method: RoutableMethod, index: Int)] = []

        subscript(method: RoutableMethod) -> Int? {
            routes.first { $0.method == method }?.index
        }

        mutating func insert(_ method: RoutableMethod, _ index: Int) { routes.append((method, index)) }
    }

    /// One position. Children are indices into ``nodes``.
    private struct Node: Sendable {
        var literals: [String: Int] = [:]
        var parameter: Int?
        /// Routes that end here.
        var ends = Leaf()
        /// Routes whose wildcard begins here.
        var wildcards = Leaf()
    }

    private var nodes: [Node] = [Node()]

    /// Adds a route; if one of the method matches the same paths already, adds nothing and returns that one's index.
    mutating func insert(_ pattern: RoutePattern, _ method: RoutableMethod, _ index: Int) -> Int? {
        var node = 0
        for segment in pattern.segments {
            switch segment {
            case .literal(let text):
                node = nodes[node].literals[text] ?? addNode { $0.nodes[node].literals[text] = $1 }
            case .parameter:
                node = nodes[node].parameter ?? addNode { $0.nodes[node].parameter = $1 }
            case .wildcard:
                if let other = nodes[node].wildcards[method] { return other }
                nodes[node].wildcards.insert(method, index)
                return nil
            }
        }
        if let other = nodes[node].ends[method] { return other }
        nodes[node].ends.insert(method, index)
        return nil
    }

    /// The route for a method, or nil; `allowed` then has every method that the path can be asked with.
    func find(_ method: RoutableMethod?, _ path: [String], _ allowed: inout RoutableMethods) -> Int? {
        nodes.withUnsafeBufferPointer { nodes in
            path.withUnsafeBufferPointer { path in Self.descend(nodes, 0, path, 0, method, &allowed) }
        }
    }

    private static func descend(
        _ nodes: UnsafeBufferPointer<Node>, _ node: Int, _ path: UnsafeBufferPointer<String>, _ depth: Int,
        _ method: RoutableMethod?, _ allowed: inout RoutableMethods
    ) -> Int? {
        guard depth < path.count else { return pick(nodes[node].ends, method, &allowed) }
        if let literal = nodes[node].literals[path[depth]],
            let found = descend(nodes, literal, path, depth + 1, method, &allowed)
        {
            return found
        }
        if let parameter = nodes[node].parameter, !path[depth].isEmpty,
            let found = descend(nodes, parameter, path, depth + 1, method, &allowed)
        {
            return found
        }
        return pick(nodes[node].wildcards, method, &allowed)
    }

    /// The route for the method; otherwise takes note of the methods that would have done.
    private static func pick(_ leaf: Leaf, _ method: RoutableMethod?, _ allowed: inout RoutableMethods) -> Int? {
        if let method, let found = leaf[method] ?? (method == .head ? leaf[.get] : nil) { return found }
        for route in leaf.routes { allowed.insert(route.method) }
        return nil
    }

    private mutating func addNode(_ link: (inout Self, Int) -> Void) -> Int {
        nodes.append(Node())
        link(&self, nodes.count - 1)
        return nodes.count - 1
    }
}
