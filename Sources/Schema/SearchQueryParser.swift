package import PylonJSON

/// Reads the body of a faceted search (spec/data.md 3.7).
///
/// Filters and facets are those of the entity's search settings, and so are the fields to sort by; others are refused rather
/// than left out of account. A filter is a value to equal: one of the field's type, or the text that stands for it among the
/// counts of facets. Null is the value of no row, as in the reference.
package struct SearchQueryParser {
    private let entity: Entity
    private let settings: SearchSettings
    private let limits: SearchLimits
    private var query: SearchQuery

    /// Reads a search among rows of `entity`. Fields in `hidden` are searched by nobody.
    package static func parse(
        _ json: JSONValue, for entity: Entity, hiding hidden: Set<String> = [], limits: SearchLimits = .standard
    ) throws(QueryProblem) -> SearchQuery {
        guard let object = json.object else {
            throw .invalid(ValuePath(), "a search must be an object, not \(json.kind)")
        }
        var parser = SearchQueryParser(entity, hidden, limits)
        var page = 0
        parser.query.facets = parser.settings.facets
        for member in object where !member.value.isNull {
            let path = ValuePath().key(member.key)
            switch member.key {
            case "query": parser.query.expression = try parser.expression(member.value, at: path)
            case "filters": parser.query.condition = try parser.condition(member.value, at: path)
            case "facets": parser.query.facets = try parser.facets(member.value, at: path)
            case "sort": parser.query.order = try parser.order(member.value, at: path)
            case "page": page = try parser.count(member.value, at: path)
            case "page_size":
                let size = try parser.count(member.value, at: path)
                parser.query.limit = min(max(size, 1), limits.pageRowsMaximum)
            default: throw .invalid(path, "is not known here; known are \(keys)")
            }
        }
        let (offset, isTooFar) = page.multipliedReportingOverflow(by: parser.query.limit)
        // Behind the last row there is none, however far.
        parser.query.offset = isTooFar ? .max : offset
        return parser.query
    }

    private static let keys = "query, filters, facets, sort, page, page_size"

    private init(_ entity: Entity, _ hidden: Set<String>, _ limits: SearchLimits) {
        self.entity = entity
        self.limits = limits
        let visible = { (names: [String]?) in names?.filter { !hidden.contains($0) } ?? [] }
        settings = SearchSettings(
            text: visible(entity.search?.text), facets: visible(entity.search?.facets),
            sortable: visible(entity.search?.sortable))
        query = SearchQuery(limit: limits.pageRowsStandard)
    }

    private func expression(_ json: JSONValue, at path: ValuePath) throws(QueryProblem) -> SearchExpression? {
        guard let text = json.string else { throw .invalid(path, "must be a string, not \(json.kind)") }
        if text.utf8.count > limits.textByteCountMaximum {
            throw .limit(path, "may have at most \(limits.textByteCountMaximum) bytes")
        }
        if text.utf8.contains(0) { throw .invalid(path, FieldProblem.containsNUL.description) }
        guard text.utf8.contains(where: { $0 > 0x20 }) else { return nil }
        if settings.text.isEmpty { throw .invalid(path, "\(entity.name) has no text to search in") }
        return try SearchTextParser.parse(text, fields: settings.text, at: path)
    }

    private func condition(_ json: JSONValue, at path: ValuePath) throws(QueryProblem) -> Condition {
        guard let object = json.object else { throw .invalid(path, "must be an object, not \(json.kind)") }
        var parts: [Condition] = []
        for member in object {
            guard settings.facets.contains(member.key), let type = entity.columnType(member.key) else {
                throw unknown(member.key, "facet", settings.facets, at: path)
            }
            let place = path.key(member.key)
            switch member.value {
            case .null: parts.append(.never)
            case .array, .object: throw .invalid(place, "must be a value to equal, not \(member.value.kind)")
            case .string(let text) where !type.isText:
                guard let value = type.json(spelledBy: text) else {
                    throw .invalid(place, "must be \(type.expectation)")
                }
                parts.append(try equality(member.key, value, at: path))
            default: parts.append(try equality(member.key, member.value, at: path))
            }
        }
        return Condition.all(parts).simplified()
    }

    private func equality(
        _ name: String, _ value: JSONValue, at path: ValuePath
    ) throws(QueryProblem) -> Condition {
        var filter = JSONObject()
        filter[name] = value
        return try FilterParser.parse(.object(filter), for: entity, limits: limits.filter, at: path).condition
    }

    /// None named is all of them.
    private func facets(_ json: JSONValue, at path: ValuePath) throws(QueryProblem) -> [String] {
        guard let elements = json.array else { throw .invalid(path, "must be an array, not \(json.kind)") }
        var names: [String] = []
        for (index, element) in elements.enumerated() {
            let path = path.index(index)
            guard let name = element.string else {
                throw .invalid(path, "must be the name of a facet, not \(element.kind)")
            }
            guard settings.facets.contains(name) else { throw unknown(name, "facet", settings.facets, at: path) }
            if !names.contains(name) { names.append(name) }
        }
        return names.isEmpty ? settings.facets : names
    }

    private func order(_ json: JSONValue, at path: ValuePath) throws(QueryProblem) -> Query.Order {
        guard let elements = json.array, elements.count == 2, let name = elements[0].string else {
            throw .invalid(path, "must be an array like [\"price\", \"desc\"]")
        }
        guard settings.sortable.contains(name) else {
            throw unknown(name, "sortable field", settings.sortable, at: path.index(0))
        }
        switch elements[1].string.map(Name.folded) {
        case "asc": return Query.Order(column: name)
        case "desc": return Query.Order(column: name, isDescending: true)
        default: throw .invalid(path.index(1), "must be \"asc\" or \"desc\"")
        }
    }

    private func count(_ json: JSONValue, at path: ValuePath) throws(QueryProblem) -> Int {
        guard let count = json.int, count >= 0 else { throw .invalid(path, "must be a whole number, 0 or more") }
        return count
    }

    private func unknown(
        _ name: String, _ what: String, _ known: [String], at path: ValuePath
    ) -> QueryProblem {
        let list = known.isEmpty ? "there are none" : "known are \(JSONText.list(known))"
        return .invalid(path, "\(JSONText.quoted(name)) is no \(what) of \(entity.name); \(list)")
    }
}
