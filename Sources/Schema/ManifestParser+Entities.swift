internal import PylonJSON

extension ManifestParser {
    typealias Node = ManifestReader.Node

    mutating func entities(_ nodes: [Node], of root: Node) -> [Entity] {
        if nodes.isEmpty, root.object["entities"]?.array?.isEmpty == true {
            reader.error(
                .schemaEmpty, at: root.path.key("entities"), "no entity is declared", hint: "declare at least one")
        }
        // Tables first: an index that collides with one is at fault, wherever it stands.
        var taken: Set<String> = []
        for node in nodes {
            guard let name = reader.text("name", of: node) else { continue }
            let path = node.path.key("name")
            checkName(name, at: path, NameCodes.entity, "entity")
            claim(name, in: &taken, .entityDuplicate, at: path, "entity")
            databaseNames[Name.folded(name)] = "entity \(name)"
        }
        let entities = nodes.map { entity($0) }
        checkRelationColumns(in: entities)
        return entities
    }

    private mutating func entity(_ node: Node) -> Entity {
        let name = node.object["name"]?.string ?? ""
        let fieldNodes = reader.nodes(
            "fields", of: node, isRequired: true, maximum: ManifestLimits.fieldCountMaximum)
        let isCRDT = reader.optionalFlag("crdt", of: node, default: true)
        var taken: Set<String> = []
        let fields = fieldNodes.compactMap { fieldNode -> Field? in
            guard let field = field(fieldNode, typeUnknown: .fieldTypeUnknown) else { return nil }
            checkFieldName(field.name, at: fieldNode.path.key("name"))
            claim(field.name, in: &taken, .fieldDuplicate, at: fieldNode.path.key("name"), "field")
            checkContainer(field, at: fieldNode.path.key("crdt"))
            return field
        }
        let entity = Entity(name: name, fields: fields)
        return Entity(
            name: name, fields: fields, indexes: indexes(of: entity, node), relations: relations(of: entity, node),
            search: search(of: entity, node), isCRDT: isCRDT)
    }

    /// A field of an entity or an input of an operation; nil without a name.
    mutating func field(_ node: Node, typeUnknown: DiagnosticCode) -> Field? {
        let name = reader.text("name", of: node)
        let word = reader.text("type", of: node)
        let isOptional = reader.flag("optional", of: node)
        let isUnique = reader.flag("unique", of: node)
        var container: CRDTContainer?
        if let word = reader.optionalText("crdt", of: node) {
            container = CRDTContainer(rawValue: word)
            if container == nil {
                reader.error(
                    .manifestParseError, at: node.path.key("crdt"), "\(JSONText.quoted(word)) is no merge behaviour",
                    hint: "write one of \(CRDTContainer.allCases.map(\.rawValue).joined(separator: ", "))")
            }
        }
        let type = word.flatMap { fieldType($0, at: node.path.key("type"), unknown: typeUnknown) } ?? .string
        return name.map {
            Field(name: $0, type: type, isOptional: isOptional, isUnique: isUnique, crdt: container)
        }
    }

    private mutating func fieldType(_ word: String, at path: ValuePath, unknown: DiagnosticCode) -> FieldType? {
        guard let type = FieldType(word) else {
            reader.error(
                unknown, at: path, "\(JSONText.quoted(word)) is no type",
                hint: "write one of \(FieldType.plainNames.joined(separator: ", ")) or id(Entity)")
            return nil
        }
        if case .reference(let target) = type, !isDeclared(target) {
            reader.error(
                .fieldIDTargetNotFound, at: path, "no entity is named \(JSONText.quoted(target))",
                hint: entityHint)
        }
        return type
    }

    /// Whether an entity has that name, whatever else is wrong with it.
    func isDeclared(_ entity: String) -> Bool {
        entityPositions[entity] != nil
    }

    /// What to write where an entity's name is expected.
    var entityHint: String {
        entityNames.isEmpty ? "declare the entity" : "write one of \(JSONText.list(entityNames))"
    }

    private mutating func checkContainer(_ field: Field, at path: ValuePath) {
        switch (field.crdt, field.type) {
        case (.text, .string), (.text, .richtext), (.counter, .int), (.counter, .float): break
        case (.text, _):
            reader.error(
                .fieldCRDTInvalid, at: path, "a \(field.type.text) cannot merge as text",
                hint: "leave \"crdt\" out, or make the field a string or richtext")
        case (.counter, _):
            reader.error(
                .fieldCRDTInvalid, at: path, "a \(field.type.text) cannot merge as a counter",
                hint: "leave \"crdt\" out, or make the field an int or float")
        default: break
        }
    }

    private mutating func indexes(of entity: Entity, _ node: Node) -> [Index] {
        var taken: Set<String> = []
        let nodes = reader.nodes("indexes", of: node, isRequired: true, maximum: ManifestLimits.indexCountMaximum)
        return nodes.compactMap { node -> Index? in
            let name = reader.text("name", of: node)
            let fields = reader.texts("fields", of: node, isRequired: true)
            let isUnique = reader.flag("unique", of: node)
            if let fields { checkIndexFields(fields, of: entity, at: node.path.key("fields")) }
            guard let name, let fields else { return nil }
            let path = node.path.key("name")
            checkName(name, at: path, NameCodes.index, "index")
            claim(name, in: &taken, .indexNameDuplicate, at: path, "index of \(entity.name)")
            let index = Index(name: name, fields: fields, isUnique: isUnique)
            claimDatabaseName(index.databaseName(of: entity.name), for: "index \(name) of \(entity.name)", at: path)
            return index
        }
    }

    private mutating func checkIndexFields(_ fields: [String], of entity: Entity, at path: ValuePath) {
        if fields.isEmpty {
            reader.error(.indexFieldsEmpty, at: path, "the index has no field", hint: "name at least one field")
        }
        if fields.count > ManifestLimits.indexFieldCountMaximum {
            reader.error(
                .manifestLimitExceeded, at: path, "\(fields.count) fields are too many",
                hint: "name at most \(ManifestLimits.indexFieldCountMaximum)")
        }
        var seen: Set<String> = []
        for (position, field) in fields.enumerated() {
            checkExists(field, in: entity, .indexFieldNotFound, at: path.index(position))
            if !seen.insert(field).inserted {
                reader.error(
                    .indexFieldDuplicate, at: path.index(position), "\(JSONText.quoted(field)) is there twice",
                    hint: "name each field once")
            }
        }
    }

    /// Notes a field that the entity does not have; nil then, else the field.
    @discardableResult
    mutating func checkExists(
        _ field: String, in entity: Entity, _ code: DiagnosticCode, at path: ValuePath
    ) -> Field? {
        if let found = entity.field(field) { return found }
        let hint =
            field == Entity.idColumn
            ? "\"id\" is the key already; name a declared field"
            : "write one of \(JSONText.list(entity.fields.map(\.name)))"
        reader.error(code, at: path, "\(entity.name) has no field \(JSONText.quoted(field))", hint: hint)
        return nil
    }
}
