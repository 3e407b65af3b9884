package import PylonJSON

extension SchemaPlan {
    /// The plan as the wire has it (spec/data.md 2.4): `{"operations":[{"op":…}]}`, each with its `safety` and, unless
    /// that is `safe`, a `code` and a `reason`.
    package var json: JSONValue {
        ["operations": .array(changes.map(\.json))]
    }

    /// The plan for people, one line for each operation.
    package var text: String {
        changes.map(\.text).joined(separator: "\n")
    }

    /// What keeps it from being applied without asking, or at all: each such operation with its code, for people.
    package var obstacles: [(code: String, text: String)] {
        changes.compactMap { change in
            switch change.safety {
            case .safe: nil
            case .destructive(let code, _), .blocked(let code, _): (code, change.text)
            }
        }
    }
}

extension SchemaChange {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        object["op"] = .string(operation.tag)
        switch operation {
        case .createEntity(let entity):
            object["entity"] = .string(entity.name)
            object["fields"] = .array(entity.fields.map(\.planJSON))
            object["indexes"] = .array(entity.indexes.map(\.json))
        case .addField(let entity, let field):
            object["entity"] = .string(entity)
            object["field"] = field.planJSON
        case .alterField(let entity, let field, let previous):
            object["entity"] = .string(entity)
            object["field"] = field.planJSON
            object["previous"] = [
                "column_type": .string(previous.declaredType), "optional": .bool(!previous.isNotNull),
                "unique": .bool(previous.isUnique),
            ]
        case .addIndex(let entity, let index):
            object["entity"] = .string(entity)
            object["index"] = index.json
        case .createSearchIndex(let entity, let search):
            object["entity"] = .string(entity)
            object["search"] = search.json
        case .removeField(let entity, let name), .removeIndex(let entity, let name):
            object["entity"] = .string(entity)
            object["name"] = .string(name)
        case .removeEntity(let entity), .removeSearchIndex(let entity): object["entity"] = .string(entity)
        case .noop: return .object(object)
        }
        switch safety {
        case .safe: object["safety"] = "safe"
        case .destructive(let code, let reason): object.add("destructive", code, reason)
        case .blocked(let code, let reason): object.add("blocked", code, reason)
        }
        return .object(object)
    }

    fileprivate var text: String {
        switch safety {
        case .safe: operation.text
        case .destructive(let code, let reason): "\(operation.text)  [destructive, \(code): \(reason)]"
        case .blocked(let code, let reason): "\(operation.text)  [blocked, \(code): \(reason)]"
        }
    }
}

extension SchemaOperation {
    fileprivate var text: String {
        switch self {
        case .createEntity(let entity): "+ entity \(entity.name) with \(entity.fields.count) fields"
        case .addField(let entity, let field): "+ field \(entity).\(field.name): \(field.constraints)"
        case .alterField(let entity, let field, let previous):
            "~ field \(entity).\(field.name): \(field.constraints), was \(previous.constraints)"
        case .addIndex(let entity, let index):
            "+ \(index.isUnique ? "unique index" : "index") \(entity).\(index.name) on \(index.fields.joined(separator: ", "))"
        case .createSearchIndex(let entity, let search):
            "+ search index of \(entity) on \((search.text + search.facets).joined(separator: ", "))"
        case .removeEntity(let entity): "- entity \(entity)"
        case .removeField(let entity, let name): "- field \(entity).\(name)"
        case .removeIndex(let entity, let name): "- index \(name) of \(entity)"
        case .removeSearchIndex(let entity): "- search index of \(entity)"
        case .noop: "nothing to do"
        }
    }
}

extension Field {
    fileprivate var planJSON: JSONValue {
        [
            "name": .string(name), "field_type": .string(type.text), "optional": .bool(isOptional),
            "unique": .bool(isUnique),
        ]
    }

    fileprivate var constraints: String {
        type.text + (isOptional ? " optional" : "") + (isUnique ? " unique" : "")
    }
}

extension ColumnShape {
    fileprivate var constraints: String {
        declaredType + (isNotNull ? "" : " optional") + (isUnique ? " unique" : "")
    }
}

extension JSONObject {
    fileprivate mutating func add(_ safety: String, _ code: String, _ reason: String) {
        self["safety"] = .string(safety)
        self["code"] = .string(code)
        self["reason"] = .string(reason)
    }
}
