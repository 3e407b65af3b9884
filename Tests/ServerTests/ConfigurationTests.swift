import PylonBytes
import PylonNet
import PylonOperations
import Testing

@testable import PylonServer

@Suite struct ConfigurationTests {
    private func problem(_ arguments: [String] = [], _ environment: [String: String] = [:]) -> String? {
        do throws(UsageProblem) {
            _ = try Configuration(arguments: arguments, environment: environment)
            return nil
        } catch {
            return error.description
        }
    }

    /// A value of `setting` that is not its default.
    private func otherValue(_ setting: Setting) -> String {
        if setting.key == .host { return "127.0.0.2" }
        return switch setting.option.kind {
        case .integer(let range):
            String(range.lowerBound == Int(setting.option.standard) ? range.upperBound : range.lowerBound)
        case .boolean: "true"
        case .text: "https://value.example"
        case .choice(let choices): choices.first { $0 != setting.option.standard } ?? ""
        }
    }

    @Test func defaultsAreThoseOfTheTable() throws {
        let configuration = try Configuration(arguments: [], environment: [:])
        for setting in Setting.table { #expect(configuration.text(setting.key) == setting.option.standard) }
        #expect(configuration.integer(.port) == 4321)
        #expect(configuration.address == .v4(0))
        #expect(configuration.allowedOrigin == nil)
    }

    @Test(arguments: SettingKey.allCases) func everySettingIsReadFromItsVariableAndItsFlag(key: SettingKey) throws {
        let setting = try #require(Setting.table.first { $0.key == key })
        let value = otherValue(setting)
        // The echo needs a loopback host to go with it.
        let host = key == .testEndpoints ? ["PYLON_HOST": "127.0.0.1"] : [:]
        if let variable = setting.option.variable {
            let configuration = try Configuration(arguments: [], environment: [variable: value])
            #expect(configuration.text(key) == value)
            #expect(try Configuration(arguments: [], environment: [variable: ""]).text(key) == setting.option.standard)
        }
        guard let flag = setting.option.flag else { return }
        #expect(try Configuration(arguments: ["\(flag)=\(value)"], environment: host).text(key) == value)
        if case .boolean = setting.option.kind {
            #expect(try Configuration(arguments: [flag], environment: host).isOn(key))
        } else {
            #expect(try Configuration(arguments: [flag, value], environment: host).text(key) == value)
            #expect(problem([flag]) == "\(flag) needs a value")
        }
    }

    @Test(arguments: SettingKey.allCases) func everyRangeIsKept(key: SettingKey) throws {
        let setting = try #require(Setting.table.first { $0.key == key })
        guard case .integer(let range) = setting.option.kind, let variable = setting.option.variable else { return }
        let message = "\(variable) must be a whole number from \(range.lowerBound) to \(range.upperBound)"
        for value in [range.lowerBound, range.upperBound] {
            #expect(try Configuration(arguments: [], environment: [variable: "\(value)"]).integer(key) == value)
        }
        for value in ["\(range.lowerBound - 1)", "\(range.upperBound + 1)", "x", "1.5", " 1", "99999999999999999999"] {
            #expect(problem([], [variable: value]) == message)
        }
    }

    @Test func aFlagWinsOverItsVariableAndTheLastFlagOverTheFirst() throws {
        let environment = ["PYLON_PORT": "5000", "PYLON_LOG": "error"]
        let configuration = try Configuration(
            arguments: ["--port", "6000", "--port=7000", "--log", "debug"], environment: environment)
        #expect(configuration.integer(.port) == 7000)
        #expect(configuration.text(.logLevel) == "debug")
    }

    @Test func badBooleansChoicesAndFlagsAreNamed() {
        #expect(problem([], ["PYLON_DEV_MODE": "yes"]) == "PYLON_DEV_MODE must be 1, true, 0 or false")
        #expect(problem(["--log", "loud"]) == "--log must be one of debug, info, warn, error")
        #expect(problem(["--nonsense"]) == "unknown flag --nonsense; see --help")
        #expect(problem(["serve"]) == "unexpected argument serve; see --help")
        #expect(problem(["--port="]) == "--port must be a whole number from 0 to 65532")
    }

    @Test func theReferencesLogFilterIsReadWhenOurOwnIsAbsent() throws {
        #expect(try Configuration(arguments: [], environment: ["RUST_LOG": "error"]).text(.logLevel) == "error")
        let both = ["RUST_LOG": "error", "PYLON_LOG": "debug"]
        #expect(try Configuration(arguments: [], environment: both).text(.logLevel) == "debug")
        #expect(try Configuration(arguments: [], environment: ["RUST_LOG": "pylon=debug"]).text(.logLevel) == "info")
    }

    @Test func localhostIsTheLoopbackAddress() throws {
        #expect(try Configuration(arguments: ["--host", "localhost"], environment: [:]).address.isLoopback)
    }

    @Test(arguments: ["example.com", "", "1.2.3", "[::1]", "::1%lo"]) func hostsThatAreNoAddressAreRefused(host: String)
    {
        #expect(problem(["--host=\(host)"]) == "--host (PYLON_HOST) must be an IPv4 or IPv6 address or localhost")
    }

    @Test func theEchoNeedsALoopbackHost() {
        #expect(problem(["--test-endpoints"])?.hasPrefix("--test-endpoints is only allowed with a loopback") == true)
        #expect(problem(["--test-endpoints", "--host", "192.168.0.1"]) != nil)
        #expect(problem(["--test-endpoints", "--host", "127.0.0.1"]) == nil)
        #expect(problem(["--test-endpoints", "--host", "::1"]) == nil)
    }

    @Test func originsThatCannotBeAHeaderAreRefused() throws {
        for origin in ["https://a.example\r\nX: y", "a b", "é"] {
            #expect(problem([], ["PYLON_CORS_ORIGIN": origin])?.hasPrefix("PYLON_CORS_ORIGIN must be") == true)
        }
        #expect(problem([], ["PYLON_CORS_ORIGIN": "*"]) == "PYLON_CORS_ORIGIN=* is only allowed with PYLON_DEV_MODE=1")
        let open = try Configuration(arguments: ["--dev"], environment: ["PYLON_CORS_ORIGIN": "*"])
        #expect(open.allowedOrigin == "*")
        #expect(try Configuration(arguments: ["--dev"], environment: [:]).allowedOrigin == "*")
        let one = try Configuration(arguments: [], environment: ["PYLON_CORS_ORIGIN": "https://a.example"])
        #expect(one.allowedOrigin == "https://a.example")
    }
}
