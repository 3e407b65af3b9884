package import PylonJSON

/// Reads the body of a graph query (spec/data.md 3.4): `{"Todo": {"where": {}, "limit": 10, "include": {"owner": {}}}}`.
///
/// Entities and sub-queries are read alike. `true` and null stand for `{}`, since the reference reads nothing there. Nothing is
/// silently ignored: unknown entities, relations and keys are refused.
package struct GraphQueryParser {
    private let manifest: Manifest
    private let limits: GraphLimits
    private var nodeCount = 0

    /// Reads a graph query over the entities of `manifest`.
    package static func parse(
        _ json: JSONValue, in manifest: Manifest, limits: GraphLimits = .standard
    ) throws(GraphProblem) -> GraphQuery {
        guard let object = json.object else {
            throw .query(.invalid(ValuePath(), "a graph query must be an object of entities, not \(json.kind)"))
        }
        var parser = GraphQueryParser(manifest: manifest, limits: limits)
        var roots: [GraphNode] = []
        for member in object {
            roots.append(try parser.node(member.key, member.value, at: ValuePath().key(member.key), depth: 0))
        }
        return GraphQuery(roots: roots)
    }

    private init(manifest: Manifest, limits: GraphLimits) {
        self.manifest = manifest
        self.limits = limits
    }

    private mutating func node(
        _ name: String, _ json: JSONValue, at path: ValuePath, depth: Int
    ) throws(GraphProblem) -> GraphNode {
        guard let entity = manifest.entity(name) else { throw .entityNotFound(name) }
        nodeCount += 1
        if nodeCount > limits.nodeCountMaximum {
            throw .query(
                .limit(path, "a graph query may name at most \(limits.nodeCountMaximum) entities and relations"))
        }
        if json.isNull || json == true { return GraphNode(entity: name) }
        guard let object = json.object else { throw .query(.invalid(path, "must be an object, not \(json.kind)")) }
        var query = Query()
        var limit: Int?
        var includes: [GraphInclude] = []
        for member in object where !member.value.isNull {
            let path = path.key(member.key)
            switch member.key {
            case "where":
                query = try refusing { () throws(QueryProblem) in
                    try FilterParser.parse(member.value, for: entity, limits: limits.filter, at: path)
                }
            case "limit":
                guard let count = member.value.int, count >= 0 else {
                    throw .query(.invalid(path, "must be a whole number, 0 or more"))
                }
                limit = count
            case "include": includes = try self.includes(of: entity, member.value, at: path, depth: depth)
            default: throw .query(.invalid(path, "is not known here; known are where, limit, include"))
            }
        }
        return GraphNode(entity: name, query: query.limited(to: limit), includes: includes)
    }

    private mutating func includes(
        of entity: Entity, _ json: JSONValue, at path: ValuePath, depth: Int
    ) throws(GraphProblem) -> [GraphInclude] {
        guard let object = json.object else {
            throw .query(.invalid(path, "must be an object of relations, not \(json.kind)"))
        }
        if depth >= limits.depthMaximum, !object.isEmpty {
            throw .query(.limit(path, "relations nest deeper than \(limits.depthMaximum) levels"))
        }
        var includes: [GraphInclude] = []
        for member in object {
            guard let relation = entity.relation(member.key) else {
                throw .relationNotFound(member.key, of: entity.name)
            }
            let node = try node(relation.target, member.value, at: path.key(member.key), depth: depth + 1)
            includes.append(GraphInclude(relation, node))
        }
        return includes
    }

    private func refusing<T>(_ body: () throws(QueryProblem) -> T) throws(GraphProblem) -> T {
        do throws(QueryProblem) {
            return try body()
        } catch {
            throw .query(error)
        }
    }
}

extension Query {
    /// The same with at most so many rows.
    fileprivate func limited(to other: Int?) -> Query {
        guard let other else { return self }
        return Query(
            condition: condition, order: order, limit: min(limit ?? other, other), offset: offset, search: search)
    }
}
