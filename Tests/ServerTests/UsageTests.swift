import Glibc
import PylonOperations
import Testing

@testable import PylonServer

@Suite struct UsageTests {
    private let text = Usage.text(program: "pylon", verbs: [(usage: "bots N", effect: "plays")])

    @Test func everyFlagAndVariableIsMentionedWithItsEffect() {
        for setting in Setting.table {
            if let flag = setting.option.flag { #expect(text.contains("\n  \(flag)")) }
            if let variable = setting.option.variable { #expect(text.contains("\n  \(variable) ")) }
            #expect(text.contains(setting.option.effect))
        }
    }

    @Test func verbsOfTheProgramAreListed() {
        #expect(text.hasPrefix("usage: pylon serve [flags]\n       pylon bots N\n"))
        #expect(text.contains("\n  bots N: plays\n"))
        #expect(text.contains("\n  schema push [manifest] [flags]: "))
    }

    @Test func operationsPageShowsWhatTheCommandPrints() throws {
        let page = try #require(Self.text(of: "../../docs/operations.md"))
        #expect(page.contains("```\n\(Usage.text(program: "pylon", verbs: []))\n```"))
    }

    /// A file of the repository, by its path from this one.
    private static func text(of path: String) -> String? {
        let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        guard let file = fopen("/\(folder)/\(path)", "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var byte = getc(file)
        while byte != EOF {
            bytes.append(UInt8(truncatingIfNeeded: byte))
            byte = getc(file)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func theTableHasEverySettingOnce() {
        #expect(Setting.table.map(\.key) == SettingKey.allCases)
        let names = Setting.table.flatMap { [$0.option.flag, $0.option.variable].compactMap { $0 } }
        #expect(Set(names).count == names.count)
    }
}
