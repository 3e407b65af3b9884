package import PylonJSON

/// A checked new row.
package struct EntityInput: Equatable, Sendable {
    /// The id that the row brings along; nil when the server makes one.
    package let id: RowID?
    /// A value for every field of the entity, in the manifest's order; null for those left out.
    package let values: FieldValues

    /// Checks a row to be inserted: only known fields, every value of its field's type, no required field missing.
    ///
    /// A member `id` is dropped unless `keepsID` is set, as it is for imports: then it must be a row's id.
    package init(_ json: JSONValue, for entity: Entity, keepsID: Bool = false) throws(InputProblem) {
        let members = try RowMembers(json, of: entity)
        id = keepsID ? try members.rowID() : nil
        let given = try members.values()
        var missing: [String] = []
        var values = FieldValues(capacity: given.count)
        for (field, value) in zip(entity.fields, given) {
            if value == nil, !field.isOptional { missing.append(field.name) }
            values.append(value ?? .null, for: field.name)
        }
        if !missing.isEmpty {
            throw InputProblem(
                code: .missingField, message: "\(entity.name) needs a value for \(missing.joined(separator: ", "))",
                fields: missing)
        }
        self.values = values
    }
}

/// A checked change of a row.
package struct RowPatch: Equatable, Sendable {
    /// The fields to change, and nothing else, in the manifest's order.
    package let values: FieldValues

    /// Whether it changes nothing.
    package var isEmpty: Bool { values.isEmpty }

    /// Checks a change: only known fields, every value of its field's type. A member `id` is dropped.
    package init(_ json: JSONValue, for entity: Entity) throws(InputProblem) {
        var values = FieldValues()
        for (field, value) in zip(entity.fields, try RowMembers(json, of: entity).values()) {
            if let value { values.append(value, for: field.name) }
        }
        self.values = values
    }

    /// A change made by the server itself; the values are of their fields' types.
    package init(values: FieldValues) {
        self.values = values
    }
}

/// The members of a row's object, known to name fields.
private struct RowMembers {
    let entity: Entity
    let object: JSONObject
    /// The place of each member's field in the manifest; nil for `id`.
    private let places: [Int?]

    init(_ json: JSONValue, of entity: Entity) throws(InputProblem) {
        guard let object = json.object else {
            throw InputProblem(
                code: .invalidData, message: "A row of \(entity.name) must be a JSON object, not \(json.kind)",
                fields: [])
        }
        var places: [Int?] = []
        places.reserveCapacity(object.count)
        var unknown: [String] = []
        for member in object {
            let place = entity.fieldPosition(member.key)
            if place == nil, member.key != Entity.idColumn { unknown.append(member.key) }
            places.append(place)
        }
        if !unknown.isEmpty {
            throw InputProblem(
                code: .invalidColumn,
                message: "\(entity.name) has no field \(JSONText.list(unknown, maximum: 10)); valid columns are "
                    + entity.columnNames.joined(separator: ", "),
                fields: unknown)
        }
        self.entity = entity
        self.object = object
        self.places = places
    }

    /// The checked values by their fields' places, nil for those that were not given; or every problem at once.
    func values() throws(InputProblem) -> [FieldValue?] {
        var values = [FieldValue?](repeating: nil, count: entity.fields.count)
        var problems: [(field: String, problem: FieldProblem)] = []
        for (member, place) in zip(object, places) {
            guard let place else { continue }
            do {
                values[place] = try entity.fields[place].value(from: member.value)
            } catch {
                problems.append((entity.fields[place].name, error))
            }
        }
        if !problems.isEmpty { throw failure(problems) }
        return values
    }

    func rowID() throws(InputProblem) -> RowID? {
        guard let json = object[Entity.idColumn], !json.isNull else { return nil }
        guard let id = json.string.flatMap(RowID.init) else { throw failure([(Entity.idColumn, .notARowID)]) }
        return id
    }

    private func failure(_ problems: [(field: String, problem: FieldProblem)]) -> InputProblem {
        InputProblem(
            code: .validationFailed,
            message: problems.map { "\(entity.name).\($0.field): \($0.problem)" }.joined(separator: "; "),
            fields: problems.map(\.field))
    }
}
