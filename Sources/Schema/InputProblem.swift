/// Why a row cannot be written as asked.
package struct InputProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The stable codes (spec/data.md 7.2), all of status 400; the raw value is the wire's.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// The row is no JSON object.
        case invalidData = "INVALID_DATA"
        /// A member that is no field of the entity.
        case invalidColumn = "INVALID_COLUMN"
        /// A required field is not there.
        case missingField = "MISSING_FIELD"
        /// A value that its field's type does not allow.
        case validationFailed = "VALIDATION_FAILED"
    }

    package let code: Code
    /// What is wrong with every field at fault, for people.
    package let message: String
    /// The fields at fault, in order.
    package let fields: [String]

    package var description: String { message }
}
