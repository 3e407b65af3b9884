internal import PylonHTTP
internal import PylonJSON
internal import PylonSchema

/// Turns schemas into JSON, and collects those that have names.
struct SchemaWriter {
    let app: DocumentedApp
    /// The schemas with names, as far as they were asked for.
    private(set) var components = JSONObject()

    private var names = UniqueNames()
    private var namesByKey: [Key: String] = [:]

    /// What a name is taken for: one of a kind, or one of each subject's.
    private struct Key: Hashable {
        let template: String
        let subject: String?
        let isAction: Bool
    }

    /// The errors' schema has its name first, then the rows: whoever writes a client looks for these.
    init(_ app: DocumentedApp) {
        self.app = app
        _ = json(.error, about: nil)
        for entity in app.entities { _ = name(SubjectPart.row.template, about: .entity(entity)) }
    }

    /// The schema as JSON.
    mutating func json(_ schema: ValueSchema, about subject: Subject?) -> JSONValue {
        switch schema {
        case .any: [:]
        case .boolean: ["type": "boolean"]
        case .integer(let range): Self.integer(range)
        case .number: ["type": "number", "format": "double"]
        case .string(let form): Self.string(form)
        case .choice(let texts): ["type": "string", "enum": .array(texts.map { .string($0) })]
        case .array(let element, let counts): array(element, counts, about: subject)
        case .object(let members, let isOpen, let counts):
            object(members, isOpen: isOpen, counts) { $0.json($1.schema, about: subject) }
        case .map(let element): ["type": "object", "additionalProperties": json(element, about: subject)]
        case .either(let schemas): either(schemas.map { json($0, about: subject) })
        case .nullable(let schema): nullable(json(schema, about: subject))
        case .named(let template, let schema): reference(template, schema, about: subject)
        case .part(let part): self.part(part, of: subject)
        case .subjectName: ["type": "string", "enum": [.string(subject?.name ?? "")]]
        case .memberForEachEntity(let schema, let isRequired): memberForEachEntity(schema, isRequired)
        case .anyEntity(let schema): either(app.entities.map { json(schema, about: .entity($0)) })
        case .anyLinkedEntity(let schema): anyLinkedEntity(schema)
        }
    }

    private mutating func part(_ part: SubjectPart, of subject: Subject?) -> JSONValue {
        guard let subject else { preconditionFailure("a part needs a subject") }
        return reference(part.template, subject.schema(of: part, in: app), about: subject)
    }

    /// Reserves the name before the schema is written, so that it may refer to itself.
    private mutating func reference(_ template: String, _ schema: ValueSchema, about subject: Subject?) -> JSONValue {
        let name = name(template, about: subject)
        if components[name] == nil {
            components[name] = .null
            components[name] = json(schema, about: subject)
        }
        return ["$ref": .string("#/components/schemas/\(name)")]
    }

    private mutating func name(_ template: String, about subject: Subject?) -> String {
        let subject = template.contains("*") ? subject : nil
        var isAction = false
        if case .action = subject { isAction = true }
        let key = Key(template: template, subject: subject?.name, isAction: isAction)
        if let name = namesByKey[key] { return name }
        let name = names.take(template.replacingStar(with: subject?.title ?? ""))
        namesByKey[key] = name
        return name
    }

    private mutating func array(
        _ element: ValueSchema, _ counts: ClosedRange<Int>?, about subject: Subject?
    ) -> JSONValue {
        var schema = JSONObject(type: "array")
        schema["items"] = json(element, about: subject)
        if let counts {
            schema["minItems"] = .integer(Int64(counts.lowerBound))
            schema["maxItems"] = .integer(Int64(counts.upperBound))
        }
        return .object(schema)
    }

    private mutating func object(
        _ members: [ValueSchema.Member], isOpen: Bool, _ counts: ClosedRange<Int>? = nil,
        write: (inout Self, ValueSchema.Member) -> JSONValue
    ) -> JSONValue {
        var schema = JSONObject(type: "object")
        var properties = JSONObject()
        for member in members { properties[member.name] = write(&self, member) }
        if !members.isEmpty { schema["properties"] = .object(properties) }
        let required = members.filter(\.isRequired).map(\.name)
        if !required.isEmpty { schema["required"] = .array(required.map { .string($0) }) }
        schema["additionalProperties"] = .bool(isOpen)
        if let counts {
            schema["minProperties"] = .integer(Int64(counts.lowerBound))
            schema["maxProperties"] = .integer(Int64(counts.upperBound))
        }
        return .object(schema)
    }

    private mutating func memberForEachEntity(_ schema: ValueSchema, _ isRequired: Bool) -> JSONValue {
        let members = app.entities.map { ValueSchema.Member($0.entity.name, schema, isRequired: isRequired) }
        var entities = app.entities.makeIterator()
        return object(members, isOpen: false) { writer, member in
            writer.json(member.schema, about: entities.next().map { .entity($0) })
        }
    }

    /// Where nothing can be linked, everything is described that can be tried in vain.
    private mutating func anyLinkedEntity(_ schema: ValueSchema) -> JSONValue {
        let linked = app.entities.filter { !$0.links.isEmpty }
        return either((linked.isEmpty ? app.entities : linked).map { json(schema, about: .entity($0)) })
    }

    /// One of these; equal ones count once.
    func either(_ schemas: [JSONValue]) -> JSONValue {
        var distinct: [JSONValue] = []
        for schema in schemas where !distinct.contains(schema) { distinct.append(schema) }
        return distinct.count == 1 ? distinct[0] : ["anyOf": .array(distinct)]
    }

    /// `nullable` says something beside `type` only (OpenAPI 3.0.3), so that references need a schema around them.
    private func nullable(_ schema: JSONValue) -> JSONValue {
        guard var object = schema.object, object["type"] != nil else {
            return ["anyOf": [schema, ["type": "object", "nullable": true, "enum": [nil]]]]
        }
        object["nullable"] = true
        if let choices = object["enum"]?.array { object["enum"] = .array(choices + [nil]) }
        return .object(object)
    }

    private static func integer(_ range: ClosedRange<Int64>) -> JSONValue {
        [
            "type": "integer", "format": "int64", "minimum": .integer(range.lowerBound),
            "maximum": .integer(range.upperBound),
        ]
    }

    private static func string(_ form: ValueSchema.StringForm) -> JSONValue {
        var schema = JSONObject(type: "string")
        if let format = form.format { schema["format"] = .string(format) }
        if let pattern = form.pattern { schema["pattern"] = .string(pattern) }
        if let counts = form.counts {
            schema["minLength"] = .integer(Int64(counts.lowerBound))
            schema["maxLength"] = .integer(Int64(counts.upperBound))
        }
        return .object(schema)
    }
}

extension JSONObject {
    /// A schema that says no more than the type of its values.
    fileprivate init(type: String) {
        self.init()
        self["type"] = .string(type)
    }
}

extension SubjectPart {
    /// The name of the part's schema, with `*` for the subject.
    fileprivate var template: String { "*" + rawValue }
}

extension String {
    /// The text with every `*` replaced.
    func replacingStar(with text: String) -> String {
        split(separator: "*", omittingEmptySubsequences: false).joined(separator: text)
    }
}

extension ValueSchema {
    /// The body of every error (spec/data.md 7.1).
    static let error = named(
        "Error",
        .object([
            .required(
                "error",
                .object([
                    .required("code", .text), .required("message", .text), .optional("hint", .text),
                    .optional("oldest_seq", .count), .optional("retry_after_secs", .count),
                ]))
        ]))
}
