/// One thing that the command line or the environment can say: what it is called, which values it takes, and what they do.
///
/// Parsing, usage texts and the settings of the server are derived from it.
package struct CommandOption: Sendable {
    /// What values it takes.
    package enum Kind: Sendable {
        case integer(ClosedRange<Int>)
        /// `1` or `true` is on, `0`, `false` or nothing is off. As a flag it takes no value.
        case boolean
        case text
        case choice([String])
    }

    /// With its dashes; nil when there is none.
    package let flag: String?
    /// The environment variable; nil for what one environment cannot mean for all commands, or is too dangerous to inherit.
    package let variable: String?
    package let kind: Kind
    package let standard: String
    /// What one stands for, where it is a quantity.
    package let unit: String
    package let effect: String

    package init(
        _ flag: String?, variable: String? = nil, _ kind: Kind, standard: String = "", unit: String = "",
        effect: String
    ) {
        self.flag = flag
        self.variable = variable
        self.kind = kind
        self.standard = standard
        self.unit = unit
        self.effect = effect
    }

    /// What tells it apart from every other: the flag or, without one, the variable.
    package var name: String { flag ?? variable ?? "" }

    /// Throws, in words, unless it takes `value`, which was given under `name`.
    func check(_ value: String, named name: String) throws(UsageProblem) {
        switch kind {
        case .integer(let range):
            guard let number = Int(value), range.contains(number) else {
                throw UsageProblem("\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
        case .boolean:
            guard ["0", "1", "true", "false"].contains(value) else {
                throw UsageProblem("\(name) must be 1, true, 0 or false")
            }
        case .choice(let choices):
            guard choices.contains(value) else {
                throw UsageProblem("\(name) must be one of \(choices.joined(separator: ", "))")
            }
        case .text: break
        }
    }
}

// MARK: Usage

extension CommandOption {
    /// The flag with what stands for its value: `--limit N`.
    package var flagUsage: String {
        let flag = flag ?? ""
        switch kind {
        case .integer: return flag + " N"
        case .text, .choice: return flag + " VALUE"
        case .boolean: return flag
        }
    }

    /// A line of a usage text: `name` and what it does, with the default.
    package func usageLine(_ name: String) -> String {
        let padding = String(repeating: " ", count: max(1, 26 - name.utf8.count))
        var note = effect
        if !standard.isEmpty, standard != "0" || !unit.isEmpty {
            note += " [\(standard)\(unit.isEmpty ? "" : " \(unit)")]"
        }
        return "  \(name)\(padding)\(note)"
    }
}

/// A command line or an environment that cannot be used, in words for one line.
package struct UsageProblem: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
