package import PylonJSON

extension DatabaseShape {
    /// The tables for programs: `{"tables":[{"name":…,"columns":[…],"indexes":[…]}]}`.
    package var json: JSONValue {
        ["tables": .array(tables.map(\.json))]
    }

    /// The tables for people, a paragraph each.
    package var text: String {
        tables.isEmpty ? "no tables" : tables.map(\.text).joined(separator: "\n\n")
    }
}

extension TableShape {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        object["name"] = .string(name)
        object["columns"] = .array(columns.map(\.json))
        object["indexes"] = .array(indexes.map(\.json))
        if let search { object["search"] = search.json }
        object["empty"] = .bool(!hasRows)
        return .object(object)
    }

    fileprivate var text: String {
        let width = columns.map(\.name.utf8.count).max() ?? 0
        var lines = [hasRows ? name : "\(name) (empty)"]
        lines += columns.map { column in
            let padding = String(repeating: " ", count: width - column.name.utf8.count)
            return "  \(column.name)\(padding)  \(column.text)"
        }
        lines += indexes.map { index in
            "  \(index.isUnique ? "unique index" : "index") \(index.name) on \(index.columns.joined(separator: ", "))"
        }
        if let search {
            let lists = [("text", search.text), ("facets", search.facets), ("sortable", search.sortable)]
            let shown = lists.filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1.joined(separator: ", "))" }
            lines.append("  search: \(shown.joined(separator: "; "))")
        }
        return lines.joined(separator: "\n")
    }
}

extension ColumnShape {
    fileprivate var json: JSONValue {
        [
            "name": .string(name), "column_type": .string(declaredType), "optional": .bool(!isNotNull),
            "unique": .bool(isUnique || isPrimaryKey), "primary_key": .bool(isPrimaryKey),
        ]
    }

    fileprivate var text: String {
        if isPrimaryKey { return "\(declaredType) primary key" }
        return declaredType + (isNotNull ? "" : " optional") + (isUnique ? " unique" : "")
    }
}

extension IndexShape {
    fileprivate var json: JSONValue {
        ["name": .string(name), "fields": .array(columns.map { .string($0) }), "unique": .bool(isUnique)]
    }
}
