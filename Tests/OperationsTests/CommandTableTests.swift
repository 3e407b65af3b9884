import PylonTime
import Testing

@testable import PylonOperations

@Suite struct CommandTableTests {
    private func outcome(_ arguments: String...) -> CommandTable.Outcome? {
        CommandTable.outcome(of: arguments, program: "pylon", environment: [:], clock: SystemClock())
    }

    @Test func namesAndFlagsAreDistinct() {
        let names = CommandTable.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(CommandTable.firstWords == ["schema", "policy", "backup", "restore", "replay"])
        for command in CommandTable.all {
            let flags = (command.options + [.json]).compactMap(\.flag) + ["--help", "-h"]
            #expect(Set(flags).count == flags.count, "\(command.name)")
        }
    }

    @Test func otherWordsAreOthersBusiness() {
        #expect(outcome() == nil)
        #expect(outcome("serve") == nil)
        #expect(outcome("--help") == nil)
    }

    @Test(arguments: CommandTable.all.map(\.name)) func everyCommandExplainsItself(name: String) throws {
        let command = try #require(CommandTable.all.first { $0.name == name })
        let help = CommandTable.outcome(
            of: command.words + ["--nonsense", "--help"], program: "pylon", environment: [:], clock: SystemClock())
        #expect(help?.status == .ok && help?.errors.isEmpty == true)
        #expect(help?.output.hasPrefix("usage: pylon \(command.usage)\n") == true)
        for flag in (command.options + [.json]).compactMap(\.flag) {
            #expect(help?.output.contains("\n  \(flag) ") == true, "\(flag)")
        }
    }

    @Test func aGroupNeedsASecondWordAndKnowsWhatWasMeant() {
        #expect(outcome("schema")?.status == .usage)
        #expect(outcome("schema")?.errors.contains("schema history [flags]") == true)
        #expect(outcome("schema", "--help")?.status == .ok)
        let mistyped = outcome("schema", "psuh")
        #expect(mistyped?.status == .usage)
        #expect(mistyped?.errors == "pylon: unknown command schema psuh; did you mean schema push? see --help")
        #expect(outcome("schema", "xxxxxxxxxxx")?.errors == "pylon: unknown command schema xxxxxxxxxxx; see --help")
    }

    @Test func wrongFlagsAreOneLine() {
        let wrong = outcome("schema", "history", "--limit", "0")
        #expect(wrong?.status == .usage)
        #expect(wrong?.errors == "pylon: --limit must be a whole number from 1 to 10000")
        #expect(outcome("restore")?.errors == "pylon: restore needs a <file>; see --help")
    }
}
