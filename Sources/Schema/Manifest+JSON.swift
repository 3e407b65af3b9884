package import PylonJSON

extension Manifest {
    /// The manifest as it is served and read back. `hidingRules` leaves out every rule text, `allowWrite` included: only
    /// admins see them (spec/data.md 3.11).
    package func json(hidingRules: Bool) -> JSONValue {
        [
            "manifest_version": .integer(Int64(version)),
            "name": .string(name),
            "version": .string(appVersion),
            "entities": .array(entities.map(\.json)),
            "routes": .array(routes.map(\.json)),
            "queries": .array(queries.map(\.json)),
            "actions": .array(actions.map(\.json)),
            "policies": .array(policies.map { $0.json(hidingRules: hidingRules) }),
            "auth": auth.json,
        ]
    }
}

extension Entity {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        object["name"] = .string(name)
        object["fields"] = .array(fields.map(\.json))
        object["indexes"] = .array(indexes.map(\.json))
        if !relations.isEmpty { object["relations"] = .array(relations.map(\.json)) }
        object["search"] = search?.json
        object["crdt"] = .bool(isCRDT)
        return .object(object)
    }
}

extension Field {
    var json: JSONValue {
        var object = JSONObject()
        object["name"] = .string(name)
        object["type"] = .string(type.text)
        object["optional"] = .bool(isOptional)
        object["unique"] = .bool(isUnique)
        object["crdt"] = crdt.map { .string($0.rawValue) }
        return .object(object)
    }
}

extension Index {
    var json: JSONValue {
        ["name": .string(name), "fields": .strings(fields), "unique": .bool(isUnique)]
    }
}

extension Relation {
    fileprivate var json: JSONValue {
        ["name": .string(name), "target": .string(target), "field": .string(field), "many": .bool(isMany)]
    }
}

extension SearchSettings {
    var json: JSONValue {
        var object = JSONObject()
        object["text"] = .strings(text)
        object["facets"] = .strings(facets)
        object["sortable"] = .strings(sortable)
        object["language"] = language.map { .string($0) }
        return .object(object)
    }
}

extension Operation {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        object["name"] = .string(name)
        if !input.isEmpty { object["input"] = .array(input.map(\.json)) }
        return .object(object)
    }
}

extension ManifestRoute {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        object["path"] = .string(path)
        object["mode"] = .string(mode)
        object["query"] = query.map { .string($0) }
        object["auth"] = auth.map { .string($0) }
        return .object(object)
    }
}

extension PolicyRule {
    fileprivate func json(hidingRules: Bool) -> JSONValue {
        var object = JSONObject()
        object["name"] = .string(name)
        object["entity"] = entity.map { .string($0) }
        object["action"] = action.map { .string($0) }
        if !hidingRules {
            for (key, text) in expressions { object[key] = .string(text) }
        }
        return .object(object)
    }
}

extension AuthSettings {
    fileprivate var json: JSONValue {
        [
            "user": ["entity": .string(userEntity), "expose": .strings(expose), "hide": .strings(hide)],
            "session": [
                "expires_in": .integer(sessionLifetime.components.seconds),
                "cookie_cache": [
                    "enabled": .bool(cookieCache.isEnabled),
                    "max_age": .integer(cookieCache.ageMaximum.components.seconds),
                    "claims": .strings(cookieCache.claims),
                ],
            ],
            "trusted_origins": .strings(trustedOrigins),
        ]
    }
}

extension JSONValue {
    static func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
}
