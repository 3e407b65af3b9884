package import PylonJSON

/// A checked new row.
package struct EntityInput: Hashable, Sendable {
    /// The id that the row brings along; nil when the server makes one.
    package let id: RowID?
    /// A value for every field of the entity; null for those left out.
    package let values: [String: FieldValue]

    /// Checks a row to be inserted: only known fields, every value of its field's type, no required field missing.
    ///
    /// A member `id` is dropped unless `keepsID` is set, as it is for imports: then it must be a row's id.
    package init(_ json: JSONValue, for entity: Entity, keepsID: Bool = false) throws(InputProblem) {
        let members = try RowMembers(json, of: entity)
        id = keepsID ? try members.rowID() : nil
        var values = try members.values()
        let missing = entity.fields.filter { values[$0.name] == nil && !$0.isOptional }.map(\.name)
        if !missing.isEmpty {
            throw InputProblem(
                code: .missingField, message: "\(entity.name) needs a value for \(missing.joined(separator: ", "))",
                fields: missing)
        }
        for field in entity.fields where values[field.name] == nil { values[field.name] = .null }
        self.values = values
    }
}

/// A checked change of a row.
package struct RowPatch: Hashable, Sendable {
    /// The fields to change, and nothing else.
    package let values: [String: FieldValue]

    /// Whether it changes nothing.
    package var isEmpty: Bool { values.isEmpty }

    /// Checks a change: only known fields, every value of its field's type. A member `id` is dropped.
    package init(_ json: JSONValue, for entity: Entity) throws(InputProblem) {
        values = try RowMembers(json, of: entity).values()
    }

    /// A change made by the server itself; the values are of their fields' types.
    package init(values: [String: FieldValue]) {
        self.values = values
    }
}

/// The members of a row's object, known to name fields.
private struct RowMembers {
    let entity: Entity
    let object: JSONObject

    init(_ json: JSONValue, of entity: Entity) throws(InputProblem) {
        guard let object = json.object else {
            throw InputProblem(
                code: .invalidData, message: "A row of \(entity.name) must be a JSON object, not \(json.kind)",
                fields: [])
        }
        let unknown = object.keys.filter { $0 != Entity.idColumn && entity.field($0) == nil }
        if !unknown.isEmpty {
            throw InputProblem(
                code: .invalidColumn,
                message: "\(entity.name) has no field \(JSONText.list(unknown, maximum: 10)); valid columns are "
                    + entity.columnNames.joined(separator: ", "),
                fields: unknown)
        }
        self.entity = entity
        self.object = object
    }

    /// The checked values of the given fields, or every problem at once.
    func values() throws(InputProblem) -> [String: FieldValue] {
        var values: [String: FieldValue] = [:]
        values.reserveCapacity(entity.fields.count)
        var problems: [(field: String, problem: FieldProblem)] = []
        for member in object {
            guard let field = entity.field(member.key) else { continue }
            do {
                values[field.name] = try field.value(from: member.value)
            } catch {
                problems.append((field.name, error))
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
