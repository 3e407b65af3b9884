/// Rows of several entities, and with them the rows their relations lead to (spec/data.md 3.4).
package struct GraphQuery: Hashable, Sendable {
    /// In the order they were asked for; each entity once.
    package let roots: [GraphNode]

    package init(roots: [GraphNode]) {
        self.roots = roots
    }
}

/// What is asked of one entity, or of the rows of a relation.
package struct GraphNode: Hashable, Sendable {
    /// The entity's name.
    package let entity: String
    /// Condition, order and offset, and the smaller of both limits: for all rows, or for those of each parent.
    package let query: Query
    package let includes: [GraphInclude]

    package init(entity: String, query: Query = Query(), includes: [GraphInclude] = []) {
        self.entity = entity
        self.query = query
        self.includes = includes
    }
}

/// A relation to follow from each row, and what is asked of the rows it leads to.
package struct GraphInclude: Hashable, Sendable {
    package let relation: Relation
    package let node: GraphNode

    package init(_ relation: Relation, _ node: GraphNode) {
        self.relation = relation
        self.node = node
    }
}

/// Why a graph query is refused.
package enum GraphProblem: Error, Hashable, Sendable {
    /// The manifest has no such entity.
    case entityNotFound(String)
    /// The entity has no such relation.
    case relationNotFound(String, of: String)
    case query(QueryProblem)
}

/// How much one graph query may ask for; beyond it is `INVALID_QUERY`.
package struct GraphLimits: Hashable, Sendable {
    /// Relations below relations.
    package var depthMaximum = 4
    /// Entities and relations in all: each is a statement.
    package var nodeCountMaximum = 64
    /// Of each `where`.
    package var filter = FilterLimits.standard

    package init() {}

    package static let standard = GraphLimits()
}
