/// What to compute over the rows of an entity, by group.
package struct Aggregate: Hashable, Sendable {
    /// The functions of the wire.
    package enum Function: String, Hashable, Sendable, CaseIterable {
        case sum, avg, min, max
        case countDistinct = "count_distinct"
        /// Of a field: rows where it is not null.
        case count
    }

    /// A span of time that a datetime falls into.
    package enum Bucket: String, Hashable, Sendable, CaseIterable {
        case hour, day, week, month, year
    }

    /// What rows are grouped by.
    package enum Group: Hashable, Sendable {
        case field(String)
        case bucket(String, Bucket)

        /// The field whose values make the groups.
        package var field: String {
            switch self {
            case .field(let name), .bucket(let name, _): name
            }
        }

        /// The key of the group's value in the answer.
        package var outputName: String {
            switch self {
            case .field(let name): name
            case .bucket(let name, let bucket): "\(name)_\(bucket.rawValue)"
            }
        }
    }

    /// One function of one field.
    package struct Term: Hashable, Sendable {
        package var function: Function
        package var field: String

        package init(_ function: Function, _ field: String) {
            self.function = function
            self.field = field
        }

        /// The key of the result in the answer: `<function>_<field>`.
        package var outputName: String { "\(function.rawValue)_\(field)" }
    }

    /// The key of the number of rows in the answer.
    package static let rowCountName = "count"

    /// Whether to count rows.
    package var countsRows: Bool
    package var terms: [Term]
    package var groups: [Group]
    package var condition: Condition

    package init(
        countsRows: Bool = false, terms: [Term] = [], groups: [Group] = [], condition: Condition = .always
    ) {
        self.countsRows = countsRows
        self.terms = terms
        self.groups = groups
        self.condition = condition
    }

    /// Whether nothing was asked for.
    package var isEmpty: Bool { !countsRows && terms.isEmpty && groups.isEmpty }

    /// The fields it looks at.
    package var columns: Set<String> {
        condition.columns.union(terms.map(\.field)).union(groups.map(\.field))
    }

    /// The keys of the answer's objects: groups, the number of rows, terms.
    package var outputNames: [String] {
        groups.map(\.outputName) + (countsRows ? [Self.rowCountName] : []) + terms.map(\.outputName)
    }
}

/// How much one aggregate may ask for; beyond it is `INVALID_QUERY`.
package struct AggregateLimits: Hashable, Sendable {
    /// Functions of fields.
    package var termCountMaximum = 64
    /// Fields to group by.
    package var groupCountMaximum = 8
    /// Of its `where`.
    package var filter = FilterLimits.standard

    package init() {}

    package static let standard = AggregateLimits()
}
