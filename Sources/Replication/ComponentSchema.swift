/// What the entities of a world consist of, declared once: how positions are kept, which types there are and what fields each has.
///
/// The server packs by it and tells it to clients in their `hello` (docs/protocol/replication.md).
public struct ComponentSchema: Hashable, Sendable {
    /// Types of one schema, at most 255.
    public static let typesMaximum = 255
    /// Fields of one type, at most 32: which of them changed is a mask of 32 bits.
    public static let fieldsMaximum = 32
    /// Bytes of a name, at most 64.
    public static let nameBytesMaximum = 64
    /// What no field may be called: entities have these members in JavaScript.
    static let namesReserved: Set<String> = ["id", "type", "isOwned", "x", "y", "z", "__proto__"]
    /// Weights are in 0.001...1000, so that sums of them stay exact enough.
    public static let weights = 0.001...1000.0

    public let position: PositionSchema
    public let types: [EntityType]

    /// Checks everything it is given.
    public init(position: PositionSchema, types: [EntityType]) throws(ComponentSchemaError) {
        try position.check()
        guard (1...Self.typesMaximum).contains(types.count) else {
            throw ComponentSchemaError("types", "must be 1 to \(Self.typesMaximum)")
        }
        var names: Set<String> = []
        for type in types {
            guard names.insert(type.name).inserted else {
                throw ComponentSchemaError("types", "\"\(type.name)\" is there twice")
            }
            try type.check()
        }
        self.position = position
        self.types = types
    }

    /// The number of the type called `name`.
    public func type(_ name: String) -> Int? { types.firstIndex { $0.name == name } }

    /// The number of a field within the type of that number. O(fields): look it up once.
    public func field(_ name: String, of type: Int) -> Int? { types[type].fields.firstIndex { $0.name == name } }
}

/// How positions are kept: two or three axes, each a range in so many bits.
public struct PositionSchema: Hashable, Sendable {
    /// One axis. At most 24 bits: in 16 of them a range of 2 km has places 3 cm apart.
    public struct Axis: Hashable, Sendable {
        public let min: Double
        public let max: Double
        public let bits: Int

        public init(min: Double, max: Double, bits: Int) {
            self.min = min
            self.max = max
            self.bits = bits
        }

        var wordMaximum: UInt32 { UInt32.max >> UInt32(32 - bits) }
        var quantisation: Quantisation { Quantisation(min: min, max: max, wordMaximum: wordMaximum) }
    }

    /// x and y, or x, y and z.
    public let axes: [Axis]
    /// The bits of a small, a middle and a large difference along an axis, sign included; what is larger is sent whole. Choose the small
    /// one so that it holds what a walker covers in a tick.
    public let differenceBits: [Int]
    /// How much a move counts when not everything fits the budget.
    public let weight: Double

    /// Measured on wanderers of 1 to 8 m/s at 20 Hz in places of 3 cm, acknowledged after one to six ticks.
    public static let differenceBitsStandard = [5, 6, 8]

    public init(axes: [Axis], differenceBits: [Int] = differenceBitsStandard, weight: Double = 1) {
        self.axes = axes
        self.differenceBits = differenceBits
        self.weight = weight
    }

    /// A square zone, or a cube.
    public init(dimensions: Int, min: Double, max: Double, bits: Int) {
        self.init(axes: Array(repeating: Axis(min: min, max: max, bits: bits), count: dimensions))
    }

    func check() throws(ComponentSchemaError) {
        guard (2...3).contains(axes.count) else { throw ComponentSchemaError("position.axes", "must be 2 or 3") }
        for axis in axes {
            guard (1...24).contains(axis.bits) else {
                throw ComponentSchemaError("position.axes", "bits must be 1 to 24")
            }
            guard FieldKind.float(min: axis.min, max: axis.max, bits: axis.bits).isValid else {
                throw ComponentSchemaError("position.axes", "min must be less than max, both finite")
            }
        }
        guard differenceBits.count == 3, differenceBits.allSatisfy((2...24).contains),
            differenceBits[0] < differenceBits[1], differenceBits[1] < differenceBits[2]
        else { throw ComponentSchemaError("position.difference_bits", "must be three rising numbers from 2 to 24") }
        guard ComponentSchema.weights.contains(weight) else {
            throw ComponentSchemaError("position.weight", "must be 0.001 to 1000")
        }
    }
}

/// A type of entities with its own list of fields.
public struct EntityType: Hashable, Sendable {
    public let name: String
    public let fields: [ComponentField]

    public init(_ name: String, _ fields: [ComponentField] = []) {
        self.name = name
        self.fields = fields
    }

    func check() throws(ComponentSchemaError) {
        try ComponentSchemaError.check(name: name, "types")
        guard fields.count <= ComponentSchema.fieldsMaximum else {
            throw ComponentSchemaError(name, "has more than \(ComponentSchema.fieldsMaximum) fields")
        }
        var names: Set<String> = []
        for field in fields {
            try ComponentSchemaError.check(name: field.name, name)
            guard !ComponentSchema.namesReserved.contains(field.name) else {
                throw ComponentSchemaError("\(name).\(field.name)", "is what clients call something else of an entity")
            }
            guard names.insert(field.name).inserted else {
                throw ComponentSchemaError("\(name).\(field.name)", "is there twice")
            }
            guard field.kind.isValid else {
                throw ComponentSchemaError("\(name).\(field.name)", "has impossible bits or bounds")
            }
            guard ComponentSchema.weights.contains(field.weight) else {
                throw ComponentSchemaError("\(name).\(field.name)", "its weight must be 0.001 to 1000")
            }
        }
    }
}

/// A field of a type.
public struct ComponentField: Hashable, Sendable {
    public let name: String
    public let kind: FieldKind
    /// How much a change of it counts when not everything fits the budget.
    public let weight: Double
    /// Sent to the entity's owner alone.
    public let isOwnerOnly: Bool

    public init(_ name: String, _ kind: FieldKind, weight: Double = 1, isOwnerOnly: Bool = false) {
        self.name = name
        self.kind = kind
        self.weight = weight
        self.isOwnerOnly = isOwnerOnly
    }
}

/// A schema that cannot be used.
public struct ComponentSchemaError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The part at fault.
    public let part: String
    public let problem: String

    init(_ part: String, _ problem: String) {
        self.part = part
        self.problem = problem
    }

    static func check(name: String, _ part: String) throws(ComponentSchemaError) {
        guard (1...ComponentSchema.nameBytesMaximum).contains(name.utf8.count) else {
            throw ComponentSchemaError(part, "a name must have 1 to \(ComponentSchema.nameBytesMaximum) bytes")
        }
    }

    public var description: String { "\(part): \(problem)" }
}
