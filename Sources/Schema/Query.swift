/// What rows a filter asks for, and in what order.
package struct Query: Hashable, Sendable {
    /// One column to order by.
    package struct Order: Hashable, Sendable {
        package let column: String
        package let isDescending: Bool

        package init(column: String, isDescending: Bool = false) {
            self.column = column
            self.isDescending = isDescending
        }
    }

    /// Simplified.
    package let condition: Condition
    /// The first column counts most; empty for the default, which is `id`, or relevance for a search.
    package let order: [Order]
    /// Nil when the filter sets none.
    package let limit: Int?
    package let offset: Int
    /// Words to search for, in the syntax of the full-text engine; not empty.
    package let search: String?

    package init(
        condition: Condition = .always, order: [Order] = [], limit: Int? = nil, offset: Int = 0, search: String? = nil
    ) {
        self.condition = condition
        self.order = order
        self.limit = limit
        self.offset = offset
        self.search = search
    }
}

/// Why a filter is refused.
package struct QueryProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The stable codes, both of status 400.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        case invalidQuery = "INVALID_QUERY"
        /// A name that is no column of the entity.
        case invalidColumn = "INVALID_COLUMN"
    }

    package let code: Code
    /// The place in the filter; empty for all of it.
    package let path: ValuePath
    package let message: String
    /// Whether it would mean something, and is larger than a limit allows.
    package var exceedsLimit = false

    package var description: String { path.text.isEmpty ? message : "\(path.text): \(message)" }
}

/// How large a filter may be; beyond it is `INVALID_QUERY`.
package struct FilterLimits: Hashable, Sendable {
    /// How deep `$and` and `$or` may nest.
    package var depthMaximum = 8
    /// Conditions and groups in all.
    package var conditionCountMaximum = 256
    /// Elements of one `$in`.
    package var inCountMaximum = 1000
    /// Operands in all: each is a parameter of the statement, of which SQLite takes 32,766.
    package var operandCountMaximum = 4000
    package var orderCountMaximum = 8
    /// Bytes of a `$like`; SQLite takes patterns of 50,000, at a cost of text times pattern for each row.
    package var likeByteCountMaximum = 128
    /// Bytes of a `$search`.
    package var searchByteCountMaximum = 1024

    package init() {}

    package static let standard = FilterLimits()
}

extension QueryProblem {
    /// Something that means nothing.
    static func invalid(_ path: ValuePath, _ message: String) -> QueryProblem {
        QueryProblem(code: .invalidQuery, path: path, message: message)
    }

    /// Something that is larger than a limit allows.
    static func limit(_ path: ValuePath, _ message: String) -> QueryProblem {
        QueryProblem(code: .invalidQuery, path: path, message: message, exceedsLimit: true)
    }

    /// A name that is no column of the entity.
    static func unknownColumn(_ name: String, of entity: Entity, at path: ValuePath) -> QueryProblem {
        let columns = entity.columnNames.joined(separator: ", ")
        return QueryProblem(
            code: .invalidColumn, path: path,
            message: "\(entity.name) has no column \(JSONText.quoted(name)); valid columns are \(columns)")
    }

    /// A hidden field is, to whoever may not see it, no field at all.
    package static func hidden(_ column: String) -> QueryProblem {
        QueryProblem(code: .invalidColumn, path: ValuePath(), message: "there is no field \"\(column)\" to ask for")
    }

    /// The entity has no index for `$search`.
    package static var searchUnavailable: QueryProblem {
        QueryProblem(code: .invalidQuery, path: ValuePath(), message: "$search is not served for this entity")
    }
}
