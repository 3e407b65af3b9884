import PylonJSON
import PylonTime

/// Makes values that a schema of a document allows.
struct SchemaExample {
    let document: JSONValue
    var generator: SeededGenerator

    /// A value for a schema; deep inside optional members are left out, so that recursion ends.
    mutating func value(_ schema: JSONValue, depth: Int = 0) -> JSONValue {
        if let name = schema["$ref"]?.string { return value(resolve(name), depth: depth) }
        if let choices = schema["anyOf"]?.array, let choice = choices.randomElement(using: &generator) {
            return value(choice, depth: depth + 1)
        }
        if let choices = schema["enum"]?.array { return choices.randomElement(using: &generator) ?? .null }
        if schema["nullable"]?.bool == true, oneIn(4) { return .null }
        switch schema["type"]?.string {
        case "boolean": return .bool(Bool.random(using: &generator))
        case "integer":
            let range = Int64(schema["minimum"]?.int ?? 0)...Int64(schema["maximum"]?.int ?? 0)
            return .integer([range.lowerBound, range.upperBound, 0, 1].randomElement(using: &generator) ?? 0)
        case "number": return .number(Double.random(in: -1e300...1e300, using: &generator))
        case "string": return .string(text(schema))
        case "array":
            guard depth < 6, let items = schema["items"] else { return [] }
            return .array((0..<Int.random(in: 0...3, using: &generator)).map { _ in value(items, depth: depth + 1) })
        case "object": return object(schema, depth)
        default: return .null
        }
    }

    func resolve(_ name: String) -> JSONValue {
        name.split(separator: "/").dropFirst().reduce(document) { $0[String($1)] ?? .null }
    }

    private mutating func object(_ schema: JSONValue, _ depth: Int) -> JSONValue {
        let required = Set((schema["required"]?.array ?? []).compactMap(\.string))
        let counts = (schema["minProperties"]?.int ?? 0)...(schema["maxProperties"]?.int ?? .max)
        var object = JSONObject()
        for member in (schema["properties"]?.object ?? JSONObject()).shuffled(using: &generator)
        where object.count < counts.upperBound {
            let isNeeded = required.contains(member.key) || object.count < counts.lowerBound
            guard isNeeded || depth < 6 && oneIn(2) else { continue }
            object[member.key] = value(member.value, depth: depth + 1)
        }
        return .object(object)
    }

    private mutating func text(_ schema: JSONValue) -> String {
        if schema["format"]?.string == "date-time" {
            return ["2024-02-29T23:59:59Z", "1999-12-31T00:00:00.25+14:00"].randomElement(using: &generator) ?? ""
        }
        if schema["pattern"]?.string == "^[0-9a-f]{40}$" { return String(repeating: "a0", count: 20) }
        return String(["", "milk", "\u{1}\n", "ö🙂", "$"].joined().shuffled(using: &generator).prefix(4))
    }

    private mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &generator) == 0 }
}
