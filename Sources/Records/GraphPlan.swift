internal import PylonBytes
internal import PylonJSON
internal import PylonPolicy
internal import PylonSchema
internal import PylonStorage

/// One entity or relation of a graph query, with everything needed to read its rows for one caller.
struct GraphPlan: Sendable {
    let source: RowSource
    /// What the client asked for. Below a relation its limit and offset are those of each parent.
    let query: RowQuery
    let encoder: RowEncoder
    /// The rules as far as the database can apply them; nil when each row has to be judged.
    let rule: Condition?
    let mayRead: @Sendable (StoredRow) -> Bool
    let includes: [GraphBranch]
}

/// A relation followed from the rows of a ``GraphPlan``.
struct GraphBranch: Sendable {
    /// `"name":`, as it stands in the answer.
    let key: [UInt8]
    let isMany: Bool
    /// The place of the parent's column, whose value the child's has to equal.
    let parentPosition: Int
    let childColumn: String
    let childPosition: Int
    let plan: GraphPlan
}

extension RecordStore {
    /// Checks what a graph query asks of one entity and of what lies below it against what the caller may see.
    ///
    /// Throws `query`, `relationNotFound` and, for the outermost entities, `denied` when the rules exclude every row; below a
    /// relation there is then just nothing.
    func plan(
        _ node: GraphNode, for identity: PolicyIdentity, isRoot: Bool = true
    ) throws(RecordError) -> GraphPlan {
        let table = try table(node.entity)
        let source = try source(table, node.query, for: identity)
        var rule: Condition?
        switch policies.decide(.read, node.entity, identity) {
        case .allowed: rule = .always
        case .denied(let name):
            if isRoot { throw .denied(rule: name) }
            rule = .never
        case .needsRow: rule = policies.condition(for: .read, node.entity, identity)
        }
        var includes: [GraphBranch] = []
        for include in node.includes { includes.append(try branch(include, of: table, for: identity)) }
        // A relation called like a field takes its place.
        let names = Set(node.includes.map(\.relation.name))
        return GraphPlan(
            source: source, query: RowQuery(node.query), encoder: encoder(table, for: identity, hiding: names),
            rule: rule,
            mayRead: { [policies] row in
                policies.decide(.read, node.entity, identity) { row[column: $0] }.isAllowed
            }, includes: includes)
    }

    /// To one row a relation leads by a column of its own entity, to many by a column of the target (spec/data.md 8, defect 36).
    /// Through a column that is hidden from the caller it leads nowhere.
    private func branch(
        _ include: GraphInclude, of parent: EntityTable, for identity: PolicyIdentity
    ) throws(RecordError) -> GraphBranch {
        let relation = include.relation
        let child = try table(relation.target)
        let isMany = relation.isMany
        let holder = isMany ? child : parent
        let isHidden = hiddenFields(holder.entity.name, for: identity).contains(relation.field)
        guard !isHidden, let position = holder.position(of: relation.field),
            holder.columns[position].type.isText
        else { throw .relationNotFound(relation.name) }
        var key = JSONWriter()
        key.value(relation.name)
        return GraphBranch(
            key: key.finish().copyBytes() + [UInt8(ascii: ":")], isMany: isMany,
            parentPosition: isMany ? parent.idPosition : position,
            childColumn: isMany ? relation.field : Entity.idColumn,
            childPosition: isMany ? position : child.idPosition,
            plan: try plan(include.node, for: identity, isRoot: false))
    }
}
