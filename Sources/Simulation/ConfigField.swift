public import PylonJSON

/// A field that a kind of shard takes in its `config`: declared once, checked before the world is made, and listed by
/// `GET /api/shards/kinds`.
///
/// ```swift
/// ShardKind("arena", config: [.integer("wanderers", 0...10_000, default: 50, "how many walk about")]) { … }
/// ```
public struct ConfigField: Sendable {
    /// What values it takes.
    public enum Form: Hashable, Sendable {
        case integer(ClosedRange<Int>)
        case number(ClosedRange<Double>)
        /// Text of so many bytes.
        case text(ClosedRange<Int>)
        case choice([String])
        case boolean
        /// Any JSON; the kind looks at it by itself.
        case any
    }

    public let name: String
    public let form: Form
    /// What the world gets when the field is missing or null; nil for nothing.
    public let standard: JSONValue?
    public let isRequired: Bool
    public let summary: String

    /// A field of any form. One that is required needs no default.
    public init(
        _ name: String, _ form: Form, default standard: JSONValue? = nil, isRequired: Bool = false, _ summary: String
    ) {
        self.name = name
        self.form = form
        self.standard = standard
        self.isRequired = isRequired
        self.summary = summary
    }

    /// A whole number.
    public static func integer(
        _ name: String, _ range: ClosedRange<Int>, default standard: Int? = nil, _ summary: String
    ) -> ConfigField {
        ConfigField(name, .integer(range), default: standard.map { .integer(Int64($0)) }, summary)
    }

    /// A number.
    public static func number(
        _ name: String, _ range: ClosedRange<Double>, default standard: Double? = nil, _ summary: String
    ) -> ConfigField {
        ConfigField(name, .number(range), default: standard.map { .number($0) }, summary)
    }

    /// True or false.
    public static func boolean(_ name: String, default standard: Bool? = nil, _ summary: String) -> ConfigField {
        ConfigField(name, .boolean, default: standard.map { .bool($0) }, summary)
    }

    /// One of some words.
    public static func choice(
        _ name: String, _ words: [String], default standard: String? = nil, _ summary: String
    ) -> ConfigField {
        ConfigField(name, .choice(words), default: standard.map { .string($0) }, summary)
    }

    /// The value to go on with: what was given, else the default. Throws when it is missing or does not fit.
    func value(in config: JSONValue) throws(ConfigurationError) -> JSONValue? {
        guard let value = config[name], !value.isNull else {
            if isRequired { throw ConfigurationError(name, "is missing") }
            return standard
        }
        guard fits(value) else { throw ConfigurationError(name, "must be \(demand)") }
        return value
    }

    private func fits(_ value: JSONValue) -> Bool {
        switch form {
        case .integer(let range): value.int.map(range.contains) ?? false
        case .number(let range): value.double.map(range.contains) ?? false
        case .text(let counts): value.string.map { counts.contains($0.utf8.count) } ?? false
        case .choice(let words): value.string.map(words.contains) ?? false
        case .boolean: value.bool != nil
        case .any: true
        }
    }

    private var demand: String {
        switch form {
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .text(let counts): "a string of \(counts.lowerBound) to \(counts.upperBound) bytes"
        case .choice(let words): words.map { "\"\($0)\"" }.joined(separator: " or ")
        case .boolean: "true or false"
        case .any: "JSON"
        }
    }

    /// What JSON Schema says of it.
    private var schema: JSONValue {
        let demand: JSONValue =
            switch form {
            case .integer(let range):
                [
                    "type": "integer", "minimum": .integer(Int64(range.lowerBound)),
                    "maximum": .integer(Int64(range.upperBound)),
                ]
            case .number(let range):
                ["type": "number", "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)]
            case .text(let counts): ["type": "string", "maxLength": .integer(Int64(counts.upperBound))]
            case .choice(let words): ["type": "string", "enum": .array(words.map { .string($0) })]
            case .boolean: ["type": "boolean"]
            case .any: [:]
            }
        var schema = demand.object ?? JSONObject()
        if let standard { schema["default"] = standard }
        schema["description"] = .string(summary)
        return .object(schema)
    }

    /// The JSON Schema of an object with these fields.
    package static func schema(of fields: [ConfigField]) -> JSONValue {
        var properties = JSONObject()
        for field in fields { properties[field.name] = field.schema }
        let required = fields.filter(\.isRequired).map { JSONValue.string($0.name) }
        return ["type": "object", "properties": .object(properties), "required": .array(required)]
    }

    /// `config` with each field checked and each default put in. Throws the first problem, naming its field.
    package static func complete(
        _ config: JSONValue, with fields: [ConfigField]
    ) throws(ConfigurationError) -> JSONValue {
        guard !fields.isEmpty, var object = config.object else { return config }
        for field in fields {
            if let value = try field.value(in: config) { object[field.name] = value }
        }
        return .object(object)
    }
}
