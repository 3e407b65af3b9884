public import PylonJSON

extension ComponentSchema {
    /// The layout of bodies this schema speaks of; a client refuses others.
    public static let version = 1

    /// Writes the schema as it stands in a `hello`.
    public func write(into json: inout JSONWriter) {
        json.beginObject()
        json.member("version", Self.version)
        json.beginObject("position")
        json.beginArray("axes")
        for axis in position.axes {
            json.beginObject()
            json.member("min", axis.min)
            json.member("max", axis.max)
            json.member("bits", axis.bits)
            json.endObject()
        }
        json.endArray()
        json.beginArray("difference_bits")
        position.differenceBits.forEach { json.value($0) }
        json.endArray()
        json.member("weight", position.weight)
        json.endObject()
        json.beginArray("types")
        for type in types {
            json.beginObject()
            json.member("name", type.name)
            json.beginArray("fields")
            type.fields.forEach { Self.write($0, into: &json) }
            json.endArray()
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    private static func write(_ field: ComponentField, into json: inout JSONWriter) {
        json.beginObject()
        json.member("name", field.name)
        switch field.kind {
        case .bool: json.member("kind", "bool" as StaticString)
        case .unsigned(let bits):
            json.member("kind", "unsigned" as StaticString)
            json.member("bits", bits)
        case .signed(let bits):
            json.member("kind", "signed" as StaticString)
            json.member("bits", bits)
        case .float(let min, let max, let bits):
            json.member("kind", "float" as StaticString)
            json.member("min", min)
            json.member("max", max)
            json.member("bits", bits)
        }
        if field.weight != 1 { json.member("weight", field.weight) }
        if field.isOwnerOnly { json.member("owner_only", true) }
        json.endObject()
    }

    /// Reads a schema back; members it does not know are passed over.
    public init(json: JSONValue) throws(ComponentSchemaError) {
        guard json["version"]?.int == Self.version else {
            throw ComponentSchemaError("version", "must be \(Self.version)")
        }
        guard let position = json["position"], let axes = position["axes"]?.array, axes.count <= 3 else {
            throw ComponentSchemaError("position", "axes are missing or too many")
        }
        var read: [PositionSchema.Axis] = []
        for axis in axes {
            guard let min = axis["min"]?.double, let max = axis["max"]?.double, let bits = axis["bits"]?.int else {
                throw ComponentSchemaError("position.axes", "an axis needs min, max and bits")
            }
            read.append(PositionSchema.Axis(min: min, max: max, bits: bits))
        }
        let differences = position["difference_bits"]?.array?.prefix(4).map { $0.int ?? 0 }
        guard let types = json["types"]?.array, types.count <= Self.typesMaximum else {
            throw ComponentSchemaError("types", "are missing or too many")
        }
        var declared: [EntityType] = []
        for type in types { declared.append(try Self.type(type)) }
        try self.init(
            position: PositionSchema(
                axes: read, differenceBits: differences ?? PositionSchema.differenceBitsStandard,
                weight: position["weight"]?.double ?? 1),
            types: declared)
    }

    private static func type(_ json: JSONValue) throws(ComponentSchemaError) -> EntityType {
        guard let name = json["name"]?.string, let fields = json["fields"]?.array, fields.count <= fieldsMaximum else {
            throw ComponentSchemaError("types", "a type needs a name and at most \(fieldsMaximum) fields")
        }
        var declared: [ComponentField] = []
        for field in fields { declared.append(try self.field(field, of: name)) }
        return EntityType(name, declared)
    }

    private static func field(_ json: JSONValue, of type: String) throws(ComponentSchemaError) -> ComponentField {
        guard let name = json["name"]?.string else { throw ComponentSchemaError(type, "a field has no name") }
        let kind: FieldKind
        switch (json["kind"]?.string, json["bits"]?.int) {
        case ("bool", _): kind = .bool
        case ("unsigned", let bits?): kind = .unsigned(bits: bits)
        case ("signed", let bits?): kind = .signed(bits: bits)
        case ("float", let bits?):
            guard let min = json["min"]?.double, let max = json["max"]?.double else {
                throw ComponentSchemaError("\(type).\(name)", "min or max is missing")
            }
            kind = .float(min: min, max: max, bits: bits)
        default: throw ComponentSchemaError("\(type).\(name)", "its kind is unknown or bits are missing")
        }
        return ComponentField(
            name, kind, weight: json["weight"]?.double ?? 1, isOwnerOnly: json["owner_only"]?.bool ?? false)
    }
}
