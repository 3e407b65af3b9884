extension ManifestParser {
    mutating func relations(of entity: Entity, _ node: Node) -> [Relation] {
        var taken: Set<String> = []
        let nodes = reader.nodes("relations", of: node, maximum: ManifestLimits.relationCountMaximum)
        return nodes.compactMap { node -> Relation? in
            let name = reader.text("name", of: node)
            let target = reader.text("target", of: node)
            let field = reader.text("field", of: node)
            let isMany = reader.optionalFlag("many", of: node, default: false)
            if let name {
                checkName(name, at: node.path.key("name"), NameCodes.relation, "relation")
                claim(name, in: &taken, .relationDuplicate, at: node.path.key("name"), "relation")
            }
            if let target, !isDeclared(target) {
                reader.error(
                    .relationTargetNotFound, at: node.path.key("target"),
                    "no entity is named \(JSONText.quoted(target))", hint: entityHint)
            }
            guard let name, let target, let field else { return nil }
            let relation = Relation(name: name, target: target, field: field, isMany: isMany)
            relationColumns.append((relation, entity.name, node.path.key("field")))
            return relation
        }
    }

    /// Checks the columns that relations go by, once all entities are known.
    ///
    /// A relation to one row goes by a column of its own entity that holds ids of the target. A relation to many rows
    /// goes by a column of the target that holds ids of its own entity (defect 36). In the reference that is a column of
    /// its own entity, too: such a relation leads nowhere, so it is let pass with a warning.
    mutating func checkRelationColumns(in entities: [Entity]) {
        let byName = Dictionary(entities.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for (relation, owner, path) in relationColumns {
            let (holder, referred) = relation.isMany ? (relation.target, owner) : (owner, relation.target)
            guard let entity = byName[holder] else { continue }
            if let field = entity.field(relation.field), field.holdsIDs(of: referred) { continue }
            if relation.isMany, byName[owner]?.field(relation.field) != nil {
                reader.warning(
                    .relationFieldNotFound, at: path,
                    "\(holder) has no field \(JSONText.quoted(relation.field)) that holds ids of \(referred): "
                        + "\(owner).\(relation.name) leads nowhere",
                    hint: "name the field of \(holder) that is id(\(referred))")
                continue
            }
            guard let field = checkExists(relation.field, in: entity, .relationFieldNotFound, at: path) else {
                continue
            }
            reader.error(
                .relationFieldType, at: path,
                "\(holder).\(field.name) is of type \(field.type.text), which holds no id of \(referred)",
                hint: "make the field id(\(referred))")
        }
    }

    mutating func search(of entity: Entity, _ node: Node) -> SearchSettings? {
        guard let node = reader.optionalNode("search", of: node) else { return nil }
        let text = reader.texts("text", of: node) ?? []
        let facets = reader.texts("facets", of: node) ?? []
        let sortable = reader.texts("sortable", of: node) ?? []
        let language = reader.optionalText("language", of: node)
        for (key, fields) in [("text", text), ("facets", facets), ("sortable", sortable)] {
            checkSearch(fields, key, of: entity, at: node.path.key(key))
        }
        if text.isEmpty && facets.isEmpty && sortable.isEmpty { return nil }
        return SearchSettings(text: text, facets: facets, sortable: sortable, language: language)
    }

    private mutating func checkSearch(_ names: [String], _ key: String, of entity: Entity, at path: ValuePath) {
        var seen: Set<String> = []
        for (position, name) in names.enumerated() {
            let path = path.index(position)
            if !seen.insert(name).inserted {
                reader.error(
                    .searchFieldDuplicate, at: path, "\(JSONText.quoted(name)) is there twice",
                    hint: "name each field once")
            }
            guard let field = checkExists(name, in: entity, .searchFieldNotFound, at: path) else { continue }
            if key == "sortable" {
                let index = SearchSettings.sortIndexName(of: name, entity: entity.name)
                claimDatabaseName(index, for: "the sort index of \(entity.name).\(name)", at: path)
            }
            if key != "text" { continue }
            if !field.type.isProse {
                reader.error(
                    .searchFieldType, at: path, "\(name) is of type \(field.type.text), which has no words",
                    hint: "name string and richtext fields; others may be facets")
            }
            if Name.reservedSearchFields.contains(Name.folded(name)) {
                reader.error(
                    .searchFieldReserved, at: path, "\(name) is a column of every full-text index",
                    hint: "give the field another name")
            }
        }
    }
}

extension Field {
    /// Whether its values can be ids of the entity's rows.
    fileprivate func holdsIDs(of entity: String) -> Bool { type == .string || type == .reference(entity) }
}
