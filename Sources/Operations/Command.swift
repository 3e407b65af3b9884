internal import PylonShardHost
internal import PylonTime

/// A command of the operator's: what it is called, what it takes and what it does.
package struct Command: Sendable {
    /// What a command may be told without a flag.
    struct Operand: Sendable {
        let name: String
        let isRequired: Bool

        init(_ name: String, isRequired: Bool = false) {
            self.name = name
            self.isRequired = isRequired
        }
    }

    /// A command at work.
    struct Call: Sendable {
        let arguments: CommandArguments
        let clock: any Clock
        /// The kinds of shard that the program has.
        let kinds: [ShardKind]
    }

    /// One word, or two for a command of a group.
    package let name: String
    let operand: Operand?
    let options: [CommandOption]
    /// What it does, for the list of commands.
    package let effect: String
    /// What else there is to know, for its own usage text.
    let notes: String
    let run: @Sendable (Call) throws(CommandFailure) -> CommandReport

    init(
        _ name: String, _ operand: Operand? = nil, options: [CommandOption], effect: String, notes: String = "",
        run: @escaping @Sendable (Call) throws(CommandFailure) -> CommandReport
    ) {
        self.name = name
        self.operand = operand
        self.options = options
        self.effect = effect
        self.notes = notes
        self.run = run
    }

    /// The words of the name.
    var words: [String] { name.split(separator: " ").map(String.init) }

    /// The name with what it takes, for the list of commands.
    package var usage: String {
        var parts = [name]
        if let operand { parts.append(operand.isRequired ? "<\(operand.name)>" : "[\(operand.name)]") }
        return (parts + ["[flags]"]).joined(separator: " ")
    }

    /// The text of its `--help`.
    func usageText(program: String) -> String {
        var lines = ["usage: \(program) \(usage)", "", effect + "."]
        if !notes.isEmpty { lines += ["", notes] }
        lines += ["", "Flags:"]
        for option in options + [.json] where option.flag != nil {
            let variable = option.variable.map { " (\($0))" } ?? ""
            lines.append(option.usageLine(option.flagUsage) + variable)
        }
        return lines.joined(separator: "\n")
    }
}
