/// Why a command was refused; it has then changed nothing.
package enum CacheError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The command is no JSON object, or has no `cmd`.
    case notACommand
    case unknownCommand(String)
    case missing(String)
    /// A field has a value of the wrong kind.
    case invalid(String, problem: String)
    /// What is stored is no whole number.
    case notAnInteger
    /// The sum is beyond 64 bits.
    case overflow
    /// The entry would be larger than ``CacheLimits/entryBytesMaximum``.
    case entryTooLarge(maximum: Int)
    /// The result would be larger than ``CacheLimits/resultBytesMaximum``.
    case resultTooLarge(maximum: Int)

    package var description: String {
        switch self {
        case .notACommand: "the body must be an object with a \"cmd\""
        case .unknownCommand(let name): "unknown command \"\(name)\""
        case .missing(let field): "\(field) required"
        case .invalid(let field, let problem): "\(field) \(problem)"
        case .notAnInteger: "value is not an integer"
        case .overflow: "the result would not fit in 64 bits"
        case .entryTooLarge(let maximum): "an entry has at most \(maximum) bytes"
        case .resultTooLarge(let maximum): "the result would have more than \(maximum) bytes: ask for less"
        }
    }
}
