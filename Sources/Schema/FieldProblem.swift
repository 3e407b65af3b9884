/// Why a value cannot be stored in a field.
package enum FieldProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// Null where the field is not optional.
    case isNull
    /// JSON of the wrong kind; both are named for people.
    case wrongType(expected: String, found: String)
    /// A number with a fraction, or a whole number that 64 bits (a fraction's 53) cannot hold.
    case notAWholeNumber
    /// Not RFC 3339, or no day of the calendar.
    case notADateTime
    /// A text with a NUL character, which databases cut or refuse.
    case containsNUL
    /// Not the 40 digits of a row's id.
    case notARowID

    package var description: String {
        switch self {
        case .isNull: "must not be null"
        case .wrongType(let expected, let found): "must be \(expected), not \(found)"
        case .notAWholeNumber: "must be a whole number of 64 bits"
        case .notADateTime: "must be a date and time like 2026-05-01T10:00:00Z"
        case .containsNUL: "must not contain the character U+0000"
        case .notARowID: "must be 40 lowercase hexadecimal digits"
        }
    }
}
