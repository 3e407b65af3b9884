internal import Glibc
internal import PylonJSON
package import PylonShardHost
package import PylonTime

/// The operator's commands, which every server has beside `serve`.
package enum CommandTable {
    /// In the order of the usage text.
    package static let all: [Command] = [
        .schemaCheck, .schemaPlan, .schemaPush, .schemaInspect, .schemaHistory, .policyExplain, .backup, .restore,
        .replay,
    ]

    /// The first words, each once.
    package static var firstWords: [String] {
        all.reduce(into: []) { words, command in
            if !words.contains(command.words[0]) { words.append(command.words[0]) }
        }
    }

    /// Runs the command that `arguments` begin with and returns the exit status; nil when they begin with none.
    package static func run(
        _ arguments: [String], program: String, environment: [String: String], kinds: [ShardKind] = [],
        clock: any Clock = SystemClock()
    ) -> Int32? {
        let outcome = outcome(of: arguments, program: program, environment: environment, kinds: kinds, clock: clock)
        guard let outcome else { return nil }
        write(outcome.output, to: STDOUT_FILENO)
        write(outcome.errors, to: STDERR_FILENO)
        return outcome.status.rawValue
    }

    /// The text and a line break, unless it is empty. When nobody reads any more, nobody is left to tell.
    private static func write(_ text: String, to descriptor: Int32) {
        if text.isEmpty { return }
        var bytes = Array((text + "\n").utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            bytes.removeFirst(count)
        }
    }

    /// What a command prints and how it ends.
    struct Outcome: Hashable, Sendable {
        var output = ""
        var errors = ""
        var status = ExitStatus.ok
    }

    /// What running the command comes to; nil when `arguments` begin with none.
    static func outcome(
        of arguments: [String], program: String, environment: [String: String], kinds: [ShardKind] = [],
        clock: any Clock
    ) -> Outcome? {
        guard let first = arguments.first else { return nil }
        let group = all.filter { $0.words[0] == first }
        if group.isEmpty { return nil }
        guard let command = group.first(where: { arguments.starts(with: $0.words) }) else {
            return outcome(ofGroup: first, group, arguments, program)
        }
        let rest = Array(arguments.dropFirst(command.words.count))
        if rest.contains("--help") || rest.contains("-h") {
            return Outcome(output: command.usageText(program: program))
        }
        do throws(UsageProblem) {
            let parsed = try CommandArguments(
                rest, options: command.options + [.json], operandsMaximum: command.operand == nil ? 0 : 1,
                environment: environment)
            if let operand = command.operand, operand.isRequired, parsed.operands.isEmpty {
                throw UsageProblem("\(command.name) needs a <\(operand.name)>; see --help")
            }
            let call = Command.Call(arguments: parsed, clock: clock, kinds: kinds)
            return outcome(of: command, call, program: program)
        } catch {
            return Outcome(errors: "\(program): \(error)", status: .usage)
        }
    }

    private static func outcome(
        of command: Command, _ call: Command.Call, program: String
    ) -> Outcome {
        let writesJSON = call.arguments.isOn(.json)
        do throws(CommandFailure) {
            let report = try command.run(call)
            return Outcome(output: writesJSON ? report.json.text : report.text, status: report.status)
        } catch {
            return Outcome(
                output: writesJSON ? error.json.text : "", errors: writesJSON ? "" : "\(program): \(error.text)",
                status: error.status)
        }
    }

    /// For `schema` alone, with `--help`, or with a second word that is none.
    private static func outcome(
        ofGroup name: String, _ group: [Command], _ arguments: [String], _ program: String
    ) -> Outcome {
        let usage = group.map { "  \(program) \($0.usage): \($0.effect)" }.joined(separator: "\n")
        guard arguments.count > 1 else {
            return Outcome(errors: "\(program): \(name) what?\n\(usage)", status: .usage)
        }
        if arguments.contains("--help") || arguments.contains("-h") { return Outcome(output: usage) }
        let meant = NameSuggestion.nearest(to: arguments[1], among: group.compactMap { $0.words.last })
        let question = meant.map { "did you mean \(name) \($0)? " } ?? ""
        return Outcome(
            errors: "\(program): unknown command \(name) \(arguments[1]); \(question)see --help", status: .usage)
    }
}
