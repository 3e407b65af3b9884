package import PylonJSON

/// Reads the body of an aggregate (spec/data.md 3.6).
///
/// `where` is a filter like any other. Nothing is silently ignored: unknown keys, fields that are not there and functions that a
/// field's type does not have are refused, with the place. What is asked for twice is computed once.
package struct AggregateParser {
    private let entity: Entity
    private let limits: AggregateLimits
    private var aggregate = Aggregate()

    /// Reads an aggregate over rows of `entity`.
    package static func parse(
        _ json: JSONValue, for entity: Entity, limits: AggregateLimits = .standard
    ) throws(QueryProblem) -> Aggregate {
        guard let object = json.object else {
            throw .invalid(ValuePath(), "an aggregate must be an object, not \(json.kind)")
        }
        var parser = AggregateParser(entity: entity, limits: limits)
        for member in object where !member.value.isNull {
            try parser.member(member.key, member.value, at: ValuePath().key(member.key))
        }
        try parser.check()
        return parser.aggregate
    }

    private init(entity: Entity, limits: AggregateLimits) {
        self.entity = entity
        self.limits = limits
    }

    private static let keys = "count, sum, avg, min, max, countDistinct, groupBy, where"

    private mutating func member(_ key: String, _ json: JSONValue, at path: ValuePath) throws(QueryProblem) {
        switch key {
        case "count": try count(json, at: path)
        case "sum": try terms(.sum, json, at: path)
        case "avg": try terms(.avg, json, at: path)
        case "min": try terms(.min, json, at: path)
        case "max": try terms(.max, json, at: path)
        case "countDistinct": try terms(.countDistinct, json, at: path)
        case "groupBy": try groups(json, at: path)
        case "where": aggregate.condition = try condition(json, at: path)
        default: throw .invalid(path, "is not known here; known are \(Self.keys)")
        }
    }

    /// `"*"` counts rows, a field those where it is not null.
    private mutating func count(_ json: JSONValue, at path: ValuePath) throws(QueryProblem) {
        guard let text = json.string else {
            throw .invalid(path, "must be \"*\" or the name of a field, not \(json.kind)")
        }
        if text == "*" {
            aggregate.countsRows = true
        } else {
            _ = try type(of: text, at: path)
            aggregate.terms.append(Aggregate.Term(.count, text))
        }
    }

    private mutating func terms(
        _ function: Aggregate.Function, _ json: JSONValue, at path: ValuePath
    ) throws(QueryProblem) {
        guard let elements = json.array else { throw .invalid(path, "must be an array of fields, not \(json.kind)") }
        for (index, element) in elements.enumerated() {
            let path = path.index(index)
            guard let name = element.string else {
                throw .invalid(path, "must be the name of a field, not \(element.kind)")
            }
            let type = try type(of: name, at: path)
            if function == .sum || function == .avg, type.isText {
                throw .invalid(path, "needs numbers; \(name) is of type \(type.text)")
            }
            let term = Aggregate.Term(function, name)
            if aggregate.terms.contains(term) { continue }
            if aggregate.terms.count >= limits.termCountMaximum {
                throw .limit(path, "an aggregate may have at most \(limits.termCountMaximum) functions")
            }
            aggregate.terms.append(term)
        }
    }

    private mutating func groups(_ json: JSONValue, at path: ValuePath) throws(QueryProblem) {
        guard let elements = json.array else { throw .invalid(path, "must be an array, not \(json.kind)") }
        for (index, element) in elements.enumerated() {
            let path = path.index(index)
            let group = try group(element, at: path)
            if aggregate.groups.contains(group) { continue }
            if aggregate.groups.count >= limits.groupCountMaximum {
                throw .limit(path, "an aggregate may group by at most \(limits.groupCountMaximum) fields")
            }
            aggregate.groups.append(group)
        }
    }

    private func group(_ json: JSONValue, at path: ValuePath) throws(QueryProblem) -> Aggregate.Group {
        if let name = json.string {
            _ = try type(of: name, at: path)
            return .field(name)
        }
        guard let object = json.object else {
            throw .invalid(path, "must be the name of a field or an object, not \(json.kind)")
        }
        for key in object.keys where key != "field" && key != "bucket" {
            throw .invalid(path.key(key), "is not known here; known are field, bucket")
        }
        guard let name = object["field"]?.string else {
            throw .invalid(path.key("field"), "must be the name of a field")
        }
        let type = try type(of: name, at: path.key("field"))
        guard type.isText else {
            throw .invalid(path.key("field"), "needs times; \(name) is of type \(type.text)")
        }
        let word = object["bucket"] ?? .null
        if word.isNull { return .bucket(name, .day) }
        guard let bucket = word.string.flatMap(Aggregate.Bucket.init) else {
            let known = Aggregate.Bucket.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid(path.key("bucket"), "must be one of \(known)")
        }
        return .bucket(name, bucket)
    }

    /// A filter without what orders and cuts rows, which are not there one by one.
    private func condition(_ json: JSONValue, at path: ValuePath) throws(QueryProblem) -> Condition {
        if let object = json.object {
            for key in object.keys where ["$order", "$limit", "$offset", "$search"].contains(key) {
                throw .invalid(path.key(key), "means nothing in an aggregate")
            }
        }
        return try FilterParser.parse(json, for: entity, limits: limits.filter, at: path).condition
    }

    private func check() throws(QueryProblem) {
        if aggregate.isEmpty { throw .invalid(ValuePath(), "nothing to compute; known are \(Self.keys)") }
        var taken: Set<String> = []
        for name in aggregate.outputNames where !taken.insert(name).inserted {
            throw .invalid(ValuePath(), "two results would be called \(JSONText.quoted(name))")
        }
    }

    private func type(of name: String, at path: ValuePath) throws(QueryProblem) -> FieldType {
        guard let type = entity.columnType(name) else { throw .unknownColumn(name, of: entity, at: path) }
        return type
    }
}
