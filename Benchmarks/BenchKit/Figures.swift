/// What one scenario measured in one case: named values in the order of the report, and the bars they have to meet.
package struct Figures: Sendable {
    /// A measured or a given thing.
    package enum Value: Sendable, Equatable {
        case text(String)
        case whole(Int)
        /// Rounded to so many places when shown; nil when it could not be measured.
        case number(Double?, places: Int)
        case flag(Bool)

        /// The value as a number: 1 and 0 for flags, nil for texts and for what was not measured.
        package var number: Double? {
            switch self {
            case .text: nil
            case .whole(let value): Double(value)
            case .number(let value, _): value
            case .flag(let value): value ? 1 : 0
            }
        }
    }

    /// A limit that a value has to keep.
    package struct Bar: Sendable {
        package enum Limit: Sendable { case atMost(Double), atLeast(Double), isTrue }

        package let field: String
        package let limit: Limit
    }

    package private(set) var fields: [(name: String, value: Value)] = []
    package private(set) var bars: [Bar] = []

    package init() {}

    package subscript(name: String) -> Value? { fields.first { $0.name == name }?.value }

    /// Adds a text.
    package mutating func add(_ name: String, _ value: String) { fields.append((name, .text(value))) }

    /// Adds a whole number.
    package mutating func add(_ name: String, _ value: Int) { fields.append((name, .whole(value))) }

    /// Adds a number, shown with `places` digits behind the point.
    package mutating func add(_ name: String, _ value: Double?, places: Int = 3) {
        fields.append((name, .number(value, places: places)))
    }

    /// Adds a yes or no.
    package mutating func add(_ name: String, _ value: Bool) { fields.append((name, .flag(value))) }

    /// Asks the field of that name to keep a limit.
    package mutating func expect(_ field: String, _ limit: Bar.Limit) { bars.append(Bar(field: field, limit: limit)) }

    /// Whether the bar's field keeps its limit; nil when it was not measured.
    package func isMet(_ bar: Bar) -> Bool? {
        guard let value = self[bar.field]?.number else { return nil }
        return switch bar.limit {
        case .atMost(let limit): value <= limit
        case .atLeast(let limit): value >= limit
        case .isTrue: value == 1
        }
    }

    /// The medians of several runs of one case, field by field; a flag holds when it held in every run.
    package static func median(_ runs: [Figures]) -> Figures {
        guard var median = runs.first else { return Figures() }
        for (index, field) in median.fields.enumerated() {
            let values = runs.compactMap { $0[field.name] }
            let numbers = values.compactMap(\.number)
            switch field.value {
            case .text: break
            case .whole: median.fields[index].value = .whole(Int(numbers.median.rounded()))
            case .number(_, let places):
                median.fields[index].value = .number(numbers.isEmpty ? nil : numbers.median, places: places)
            case .flag: median.fields[index].value = .flag(values.allSatisfy { $0 == .flag(true) })
            }
        }
        return median
    }
}
