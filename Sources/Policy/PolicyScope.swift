internal import PylonSchema

/// What the names of a rule mean: for one entity or, without it, for an action.
struct PolicyScope {
    let identity: PolicyIdentity
    /// The entity whose rows `data` stands for; nil in the rule of an action, where `input` has a meaning instead.
    let entity: Entity?

    /// Where the value of an operand comes from.
    enum Source {
        /// Known without a row.
        case constant(FieldValue)
        case column(String, FieldType)
        /// Steps into a column whose text is JSON; at least one.
        case nested(String, [String])
        /// Steps into the input of an action; at least one.
        case input([String])
        /// A name without a meaning here.
        case nothing
    }

    func source(of operand: PolicyOperand) -> Source {
        switch operand {
        case .null: .constant(.null)
        case .bool(let value): .constant(.bool(value))
        case .text(let text): .constant(.text(text))
        case .path(let path): source(of: path)
        }
    }

    func source(of path: PolicyPath) -> Source {
        switch path.root {
        case .userID: .constant(identity.userID.map { .text($0) } ?? .null)
        case .tenantID: .constant(identity.tenantID.map { .text($0) } ?? .null)
        case .isAdmin: .constant(.bool(identity.isAdmin))
        case .isGuest: .constant(.bool(identity.isGuest))
        case .data(let steps): entity.map { Self.source(of: steps, in: $0) } ?? .nothing
        case .input(let steps): entity == nil ? .input(steps) : .nothing
        case .unknown: .nothing
        }
    }

    private static func source(of steps: [String], in entity: Entity) -> Source {
        guard let type = entity.columnType(steps[0]) else { return .nothing }
        if steps.count == 1 { return .column(steps[0], type) }
        return type.isProse ? .nested(steps[0], Array(steps.dropFirst())) : .nothing
    }
}

extension FieldValue {
    /// The value as its column's type has it: booleans stored as 0 and 1, and whole numbers of a float column.
    func read(as type: FieldType) -> FieldValue {
        switch (type, self) {
        case (.bool, .integer(0)): .bool(false)
        case (.bool, .integer(1)): .bool(true)
        case (.float, .integer(let whole)): .real(Double(whole))
        default: self
        }
    }
}
