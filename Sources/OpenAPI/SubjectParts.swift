internal import PylonHTTP
internal import PylonSchema

extension Subject {
    /// What the manifest says of a part of the subject. Traps when a route asks an action for something of an entity.
    func schema(of part: SubjectPart, in app: DocumentedApp) -> ValueSchema {
        switch (self, part) {
        case (.entity(let entity), .row): entity.row(boolsAsIntegers: app.writesBoolsAsIntegers)
        case (.entity(let entity), .record): entity.record
        case (.entity(let entity), .input): .object(Self.input(entity.entity.fields))
        case (.entity(let entity), .importRow):
            .object([.optional(Entity.idColumn, .nullable(.rowID))] + Self.input(entity.entity.fields))
        case (.entity(let entity), .patch): entity.patch
        case (.entity(let entity), .filter): .object(entity.conditions + entity.settings)
        case (.entity(let entity), .condition): .object(entity.conditions)
        case (.entity(let entity), .column): .choice(entity.columns)
        case (.entity(let entity), .link): entity.link
        // What an action does not declare is passed on to it as it came.
        case (.action(let action), .input): .object(Self.input(action.input), isOpen: true)
        case (.action, _): preconditionFailure("actions have no \(part)")
        }
    }

    private static func input(_ fields: [Field]) -> [ValueSchema.Member] {
        fields.map { field in
            let value = FieldSchemas.written(field.type)
            return .init(field.name, field.isOptional ? .nullable(value) : value, isRequired: !field.isOptional)
        }
    }
}

extension DocumentedEntity {
    /// A row as it is read: whoever is no administrator does not get the hidden fields.
    fileprivate func row(boolsAsIntegers: Bool) -> ValueSchema {
        .object(
            [.required(Entity.idColumn, .rowID)]
                + readable.map { field in
                    let value = FieldSchemas.read(field.type, boolsAsIntegers: boolsAsIntegers)
                    return .init(
                        field.name, field.isOptional ? .nullable(value) : value,
                        isRequired: !hidden.contains(field.name))
                })
    }

    /// A row as an export has it.
    fileprivate var record: ValueSchema {
        .object(
            [.required(Entity.idColumn, .rowID)]
                + entity.fields.map { field in
                    let value = FieldSchemas.read(field.type, boolsAsIntegers: false)
                    return .required(field.name, field.isOptional ? .nullable(value) : value)
                })
    }

    fileprivate var patch: ValueSchema {
        .object(
            entity.fields.map { field in
                let value = FieldSchemas.written(field.type)
                return .optional(field.name, field.isOptional ? .nullable(value) : value)
            })
    }

    /// The columns that anyone may ask for; that administrators may ask for more is left out.
    fileprivate var columns: [String] {
        [Entity.idColumn] + entity.fields.map(\.name).filter { !hidden.contains($0) && !secret.contains($0) }
    }

    /// What can be asked of rows at any depth of a filter.
    fileprivate var conditions: [ValueSchema.Member] {
        let groups = ["$and", "$or"].map { ValueSchema.Member.optional($0, .array(.part(.condition))) }
        return columns.compactMap { column in
            entity.columnType(column).map { .optional(column, FieldSchemas.test($0)) }
        } + groups
    }

    /// What else the outermost object of a filter has.
    fileprivate var settings: [ValueSchema.Member] {
        let orders = columns.map { ValueSchema.Member.optional($0, .choice(["asc", "desc"])) }
        // A word at least; what is one is for the text's own syntax to say.
        let words = ValueSchema.string(
            .init(pattern: #"^[^\x00]*[^\x00-\x20][^\x00]*$"#, counts: 1...FilterLimits.standard.searchByteCountMaximum)
        )
        let search: [ValueSchema.Member] = isSearched ? [.optional("$search", words)] : []
        return search + [
            .optional("$order", .object(orders, counts: 0...FilterLimits.standard.orderCountMaximum)),
            .optional("$limit", .count), .optional("$offset", .count),
        ]
    }

    /// Whether anyone may search its text.
    private var isSearched: Bool {
        entity.search?.text.contains { !hidden.contains($0) && !secret.contains($0) } ?? false
    }

    /// Where there is no relation to one row, no name is right; an empty choice could not be written down.
    fileprivate var link: ValueSchema { links.isEmpty ? .text : .choice(links) }
}
