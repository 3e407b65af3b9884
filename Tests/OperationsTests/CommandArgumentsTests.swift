import Testing

@testable import PylonOperations

@Suite struct CommandArgumentsTests {
    private static let name = CommandOption("--name", variable: "APP_NAME", .text, standard: "main", effect: "a name")
    private static let count = CommandOption("--count", .integer(1...10), standard: "3", effect: "a number")
    private static let force = CommandOption("--force", .boolean, effect: "a switch")
    private static let level = CommandOption(
        nil, variable: "APP_LEVEL", .choice(["low", "high"]), standard: "low", effect: "a choice")
    private static let options = [name, count, force, level]

    private func parse(
        _ arguments: [String], operands: Int = 0, _ environment: [String: String] = [:]
    ) throws(UsageProblem) -> CommandArguments {
        try CommandArguments(
            arguments, options: Self.options, operandsMaximum: operands, environment: environment)
    }

    private func problem(
        _ arguments: [String], operands: Int = 0, _ environment: [String: String] = [:]
    ) -> String? {
        do throws(UsageProblem) {
            _ = try parse(arguments, operands: operands, environment)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func whatIsNotGivenIsTheDefault() throws {
        let parsed = try parse([])
        #expect(parsed.text(Self.name) == "main")
        #expect(parsed.given(Self.name) == nil && !parsed.isGiven(Self.name))
        #expect(parsed.integer(Self.count) == 3)
        #expect(!parsed.isOn(Self.force))
        #expect(parsed.text(Self.level) == "low")
        #expect(parsed.operands == [])
    }

    @Test func flagsWinOverVariablesAndLaterFlagsOverEarlierOnes() throws {
        let environment = ["APP_NAME": "env", "APP_LEVEL": "high"]
        #expect(try parse([], environment).text(Self.name) == "env")
        let parsed = try parse(["--name", "a", "--name=b", "--force", "--count=10"], environment)
        #expect(parsed.text(Self.name) == "b")
        #expect(parsed.text(Self.level) == "high")
        #expect(parsed.isOn(Self.force))
        #expect(parsed.integer(Self.count) == 10)
        #expect(try parse([], ["APP_NAME": ""]).text(Self.name) == "main", "an empty variable is none")
    }

    @Test func valuesMayLookLikeFlagsAndHoldEqualSigns() throws {
        #expect(try parse(["--name", "--force"]).text(Self.name) == "--force")
        #expect(try parse(["--name=a=b"]).text(Self.name) == "a=b")
        #expect(try parse(["--name="]).given(Self.name) == "")
        #expect(try !parse(["--force=0"]).isOn(Self.force))
    }

    @Test func operandsStandAnywhere() throws {
        let parsed = try parse(["a", "--force", "b", "--name", "n"], operands: 2)
        #expect(parsed.operands == ["a", "b"])
        #expect(parsed.isOn(Self.force) && parsed.text(Self.name) == "n")
        #expect(problem(["a", "b", "c"], operands: 2) == "unexpected argument c; see --help")
    }

    @Test func whatCannotBeMeantIsRefused() {
        #expect(problem(["--nope"]) == "unknown flag --nope; see --help")
        #expect(problem(["-n"]) == "unknown flag -n; see --help")
        #expect(problem(["--name"]) == "--name needs a value")
        #expect(problem(["--count", "0"]) == "--count must be a whole number from 1 to 10")
        #expect(problem(["--count=99999999999999999999"]) == "--count must be a whole number from 1 to 10")
        #expect(problem(["--force=maybe"]) == "--force must be 1, true, 0 or false")
        #expect(problem([], ["APP_LEVEL": "mid"]) == "APP_LEVEL must be one of low, high")
        #expect(problem(["--level", "low"]) == "unknown flag --level; see --help", "it is a variable only")
    }
}
