/// What a value on the wire looks like, in the terms of JSON Schema.
///
/// It is written beside the routes and says nothing of how it is printed. Where a route stands for one per entity or action, the
/// subject, `*` in a name is the subject's name.
package indirect enum ValueSchema: Hashable, Sendable {
    /// Any JSON at all.
    case any
    case boolean
    case integer(ClosedRange<Int64>)
    /// Any number that a `Double` holds.
    case number
    case string(StringForm)
    /// One of these texts.
    case choice([String])
    case array(ValueSchema, counts: ClosedRange<Int>?)
    /// An object with these members, and others if it is open; `counts` is how many it may have at a time.
    case object([Member], isOpen: Bool, counts: ClosedRange<Int>? = nil)
    /// An object whose keys are not known before.
    case map(ValueSchema)
    /// One of these.
    case either([ValueSchema])
    /// The value, or null.
    case nullable(ValueSchema)
    /// A schema that has a name of its own and is described once.
    case named(String, ValueSchema)
    /// What the manifest says of the subject.
    case part(SubjectPart)
    /// The subject's name and no other text.
    case subjectName
    /// An object with one member for each entity, which is the subject of its member's schema.
    case memberForEachEntity(ValueSchema, isRequired: Bool)
    /// The schema with one of the entities as its subject.
    case anyEntity(ValueSchema)
    /// The same with the entities that have a relation to one row.
    case anyLinkedEntity(ValueSchema)

    /// A member of an object.
    package struct Member: Hashable, Sendable {
        package let name: String
        package let schema: ValueSchema
        package let isRequired: Bool

        package init(_ name: String, _ schema: ValueSchema, isRequired: Bool) {
            self.name = name
            self.schema = schema
            self.isRequired = isRequired
        }

        /// A member that is always there.
        package static func required(_ name: String, _ schema: ValueSchema) -> Member {
            Member(name, schema, isRequired: true)
        }

        /// A member that may be missing.
        package static func optional(_ name: String, _ schema: ValueSchema) -> Member {
            Member(name, schema, isRequired: false)
        }
    }

    /// What texts there are.
    package struct StringForm: Hashable, Sendable {
        /// A word of JSON Schema, such as `date-time`.
        package var format: String?
        /// A regular expression that the text matches somewhere; it is anchored where that matters.
        package var pattern: String?
        /// How many characters it has.
        package var counts: ClosedRange<Int>?

        package init(format: String? = nil, pattern: String? = nil, counts: ClosedRange<Int>? = nil) {
            self.format = format
            self.pattern = pattern
            self.counts = counts
        }
    }
}

/// What the manifest says of an entity or an action; the raw value follows the subject's name in the name of the schema.
package enum SubjectPart: String, Hashable, Sendable {
    /// An entity's row as it is read.
    case row = ""
    /// A new row of an entity, or what an action is called with.
    case input = "Input"
    /// A row with everything that is stored of it.
    case record = "Record"
    /// A new row that may bring its id along.
    case importRow = "Import"
    /// Some fields of a row.
    case patch = "Patch"
    /// Which rows, in what order, and how many.
    case filter = "Filter"
    /// Which rows, inside a filter.
    case condition = "Condition"
    /// The names of the columns that can be read.
    case column = "Column"
    /// The names of the relations that lead to one row.
    case link = "Link"
}

extension ValueSchema {
    /// Any text.
    package static let text = string(StringForm())
    /// A text without U+0000, which databases cut or refuse.
    package static let storedText = string(StringForm(pattern: #"^[^\x00]*$"#))
    /// The id of a row: 40 lowercase hexadecimal digits.
    package static let rowID = string(StringForm(pattern: "^[0-9a-f]{40}$"))
    /// An instant as RFC 3339 has it.
    package static let dateTime = string(StringForm(format: "date-time"))
    /// A whole number from 0.
    package static let count = integer(0...Int64.max)
    /// A whole number of 64 bits.
    package static let int64 = integer(Int64.min...Int64.max)
    /// An object of which nothing else is said.
    package static let anyObject = object([], isOpen: true)

    /// An object with these members and no others.
    package static func object(_ members: [Member], counts: ClosedRange<Int>? = nil) -> ValueSchema {
        .object(members, isOpen: false, counts: counts)
    }

    /// An array of any length.
    package static func array(_ element: ValueSchema) -> ValueSchema { .array(element, counts: nil) }

    /// An object whose one member is `true`: the answer where there is nothing else to say.
    package static func done(_ name: String) -> ValueSchema { .object([.required(name, .boolean)]) }
}
