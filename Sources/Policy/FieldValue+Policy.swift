internal import PylonSchema

/// What values mean to a rule.
extension FieldValue {
    /// Whether a bare value counts as true: `true`, a text that is not empty, any number. Null does not.
    var isTruthy: Bool {
        switch self {
        case .null: false
        case .bool(let value): value
        case .integer, .real: true
        case .text(let text): !text.utf8.isEmpty
        }
    }

    /// `==` or `!=` of two values, nil for one that is not known: false when either is null, for `!=` too.
    static func compare(_ left: FieldValue?, _ equality: PolicyEquality, _ right: FieldValue?) -> PolicyTruth {
        // A missing operand decides by itself: whatever stands on the other side, the comparison is false.
        if left?.isNull == true || right?.isNull == true { return .no }
        guard let left, let right else { return .undecided }
        return PolicyTruth(left.isSame(as: right) == (equality == .equal))
    }

    /// Whether two values that are not null are the same to a rule.
    ///
    /// Texts by their bytes, numbers by their value. The language has no numbers of its own: a number is the same as a
    /// text that spells it, a boolean as `"1"` or `"0"`. Booleans and numbers are never the same.
    func isSame(as other: FieldValue) -> Bool {
        switch (self, other) {
        case (.text(let text), .integer(let number)), (.integer(let number), .text(let text)):
            Self.integer(spelledBy: text) == number
        case (.text(let text), .real(let number)), (.real(let number), .text(let text)):
            Self.real(spelledBy: text) == number
        case (.text(let text), .bool(let value)), (.bool(let value), .text(let text)):
            Self.bool(spelledBy: text) == value
        case (.integer(let whole), .real(let number)), (.real(let number), .integer(let whole)):
            Int64(exactly: number) == whole
        default: self == other
        }
    }

    /// The integer whose text this is, digit by digit: `5` and `-3`, not `05` or `5.0`.
    static func integer(spelledBy text: String) -> Int64? {
        Int64(text).flatMap { String($0) == text ? $0 : nil }
    }

    /// The number that a text spells in JSON's way (RFC 8259 §6), rounded to a `Double`: `5`, `5.0` and `5e0` alike.
    static func real(spelledBy text: String) -> Double? {
        var rest = Substring(text).utf8
        func digits() -> Substring.UTF8View.SubSequence {
            let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            rest = rest[digits.endIndex...]
            return digits
        }
        func take(_ marks: String) -> Bool {
            guard let first = rest.first, marks.utf8.contains(first) else { return false }
            rest = rest.dropFirst()
            return true
        }
        _ = take("-")
        let whole = digits()
        if whole.isEmpty || whole.count > 1 && whole.first == UInt8(ascii: "0") { return nil }
        if take("."), digits().isEmpty { return nil }
        if take("eE") {
            _ = take("+-")
            if digits().isEmpty { return nil }
        }
        guard rest.isEmpty, let number = Double(text), number.isFinite else { return nil }
        return number
    }

    /// The boolean that a text stands for where booleans are read as 0 and 1.
    static func bool(spelledBy text: String) -> Bool? {
        switch text {
        case "1": true
        case "0": false
        default: nil
        }
    }
}
