/// A value as it is stored in one column.
///
/// Equality is exact: by kind, and texts by their bytes. What a filter calls equal is ``compared(to:)``.
package enum FieldValue: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// Always finite.
    case real(Double)
    case text(String)

    package var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// The text of a text, else nil.
    package var text: String? {
        if case .text(let text) = self { text } else { nil }
    }
}

extension FieldValue: Hashable {
    package static func == (left: FieldValue, right: FieldValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.real(let left), .real(let right)): left == right
        case (.text(let left), .text(let right)): left.utf8.elementsEqual(right.utf8)
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .integer(let value): hasher.combine(value)
        case .real(let value): hasher.combine(value)
        case .text(var value): value.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }
}

extension FieldValue {
    /// How two values stand to each other in the database: -1, 0 or 1; nil where they have no order.
    ///
    /// Null has no order with anything, and text none with numbers. Booleans count as 0 and 1, texts compare by their
    /// UTF-8 bytes (SQLite's BINARY collation), integers and reals by their exact value.
    package func compared(to other: FieldValue) -> Int? {
        switch (self, other) {
        case (.null, _), (_, .null): nil
        case (.text(let left), .text(let right)): Self.order(left, right)
        case (.text, _), (_, .text): nil
        case (.real(let left), .real(let right)): left < right ? -1 : left > right ? 1 : 0
        case (.real(let left), _): other.whole.map { -Self.order($0, left) }
        case (_, .real(let right)): whole.map { Self.order($0, right) }
        default:
            whole.flatMap { left in other.whole.map { right in left < right ? -1 : left > right ? 1 : 0 } }
        }
    }

    private var whole: Int64? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .integer(let value): value
        default: nil
        }
    }

    private static func order(_ left: String, _ right: String) -> Int {
        if left.utf8.elementsEqual(right.utf8) { return 0 }
        return left.utf8.lexicographicallyPrecedes(right.utf8) ? -1 : 1
    }

    /// Exact where a conversion to `Double` would round.
    private static func order(_ left: Int64, _ right: Double) -> Int {
        if right >= 0x1p63 { return -1 }
        if right < -0x1p63 { return 1 }
        let floor = right.rounded(.down)
        let whole = Int64(floor)
        if left != whole { return left < whole ? -1 : 1 }
        return floor < right ? -1 : 0
    }
}
