/// What a command was told, checked: flags win over the environment, both over defaults, and the last flag over those before it.
package struct CommandArguments: Sendable {
    /// What stood there without a flag, in order.
    package private(set) var operands: [String] = []
    /// By the options' names.
    private var values: [String: String] = [:]
    private var standards: [String: String] = [:]

    /// Reads `arguments`, those behind the verb, and the variables of `options` in `environment`. Throws the first problem.
    package init(
        _ arguments: [String], options: [CommandOption], operandsMaximum: Int = 0, environment: [String: String]
    ) throws(UsageProblem) {
        for option in options {
            standards[option.name] = option.standard
            guard let variable = option.variable, let value = environment[variable], !value.isEmpty else { continue }
            try option.check(value, named: variable)
            values[option.name] = value
        }
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("-") else {
                guard operands.count < operandsMaximum else {
                    throw UsageProblem("unexpected argument \(argument); see --help")
                }
                operands.append(argument)
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let option = options.first(where: { $0.flag == parts[0] }) else {
                throw UsageProblem("unknown flag \(argument); see --help")
            }
            if case .boolean = option.kind, parts.count == 1 {
                values[option.name] = "1"
                continue
            }
            guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
                throw UsageProblem("\(argument) needs a value")
            }
            try option.check(value, named: parts[0])
            values[option.name] = value
        }
    }

    /// Whether the flag or its variable was there.
    package func isGiven(_ option: CommandOption) -> Bool { values[option.name] != nil }

    /// The value of a text or choice, or the default.
    package func text(_ option: CommandOption) -> String { values[option.name] ?? standards[option.name] ?? "" }

    /// The value of a text that has no default; nil when it was not given.
    package func given(_ option: CommandOption) -> String? { values[option.name] }

    /// The value of an integer.
    package func integer(_ option: CommandOption) -> Int { Int(text(option)) ?? 0 }

    /// The value of a boolean.
    package func isOn(_ option: CommandOption) -> Bool { ["1", "true"].contains(text(option)) }
}
