/// The text of `--help`, from the configuration table.
enum Usage {
    static func text(program: String, verbs: [(usage: String, effect: String)]) -> String {
        var lines = ["usage: \(program) serve [flags]"]
        for verb in verbs { lines.append("       \(program) \(verb.usage)") }
        lines.append("       \(program) --help | --version")
        if !verbs.isEmpty { lines.append("") }
        for verb in verbs { lines.append("  \(verb.usage): \(verb.effect)") }
        lines += ["", "Flags of serve:"]
        for setting in Setting.table {
            if let flag = setting.flag { lines.append(line(flag + placeholder(setting), setting)) }
        }
        lines += ["", "Environment (a flag wins over its variable):"]
        for setting in Setting.table {
            if let variable = setting.variable { lines.append(line(variable, setting)) }
        }
        return lines.joined(separator: "\n")
    }

    private static func placeholder(_ setting: Setting) -> String {
        switch setting.kind {
        case .integer: " N"
        case .text, .choice: " VALUE"
        case .boolean: ""
        }
    }

    private static func line(_ name: String, _ setting: Setting) -> String {
        let padding = String(repeating: " ", count: max(1, 26 - name.utf8.count))
        var note = setting.effect
        if !setting.standard.isEmpty, setting.standard != "0" || !setting.unit.isEmpty {
            note += " [\(setting.standard)\(setting.unit.isEmpty ? "" : " \(setting.unit)")]"
        }
        return "  \(name)\(padding)\(note)"
    }
}
