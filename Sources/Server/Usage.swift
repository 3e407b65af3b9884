internal import PylonOperations

/// The text of `--help`, from the tables of commands and settings.
enum Usage {
    /// `verbs` are those of the game.
    static func text(program: String, verbs: [(usage: String, effect: String)]) -> String {
        let commands = verbs + CommandTable.all.map { ($0.usage, $0.effect) }
        var lines = ["usage: \(program) serve [flags]"]
        for command in commands { lines.append("       \(program) \(command.usage)") }
        lines += ["       \(program) --help | --version", ""]
        for command in commands { lines.append("  \(command.usage): \(command.effect)") }
        lines += ["", "Flags of serve:"]
        let options = Setting.table.map(\.option)
        for option in options where option.flag != nil { lines.append(option.usageLine(option.flagUsage)) }
        lines += ["", "Environment (a flag wins over its variable):"]
        for option in options {
            if let variable = option.variable { lines.append(option.usageLine(variable)) }
        }
        return lines.joined(separator: "\n")
    }
}
