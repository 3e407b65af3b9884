internal import PylonBytes
internal import PylonNet
package import PylonOperations
internal import PylonTelemetry

/// The settings of one process, checked: built from the table, flags winning over the environment, both over defaults.
package struct Configuration: Sendable {
    private let arguments: CommandArguments
    /// What means something else here than it says.
    private var translations: [SettingKey: String] = [:]

    /// Reads `arguments` (those behind the verb) and `environment`. Throws the first problem, in words for one line.
    package init(arguments: [String], environment: [String: String]) throws(UsageProblem) {
        self.arguments = try CommandArguments(
            arguments, options: Setting.table.map(\.option), environment: environment)
        // The reference's log filter; only its plain level names mean something here.
        if environment["PYLON_LOG"] == nil, !isGiven(.logLevel), let level = environment["RUST_LOG"],
            LogLevel(name: level) != nil
        {
            translations[.logLevel] = level
        }
        if text(.host) == "localhost" { translations[.host] = "127.0.0.1" }
        try checkCombinations()
    }

    private func checkCombinations() throws(UsageProblem) {
        guard IPAddress(text(.host)) != nil else {
            throw UsageProblem("--host (PYLON_HOST) must be an IPv4 or IPv6 address or localhost")
        }
        if isOn(.testEndpoints), !address.isLoopback {
            throw UsageProblem("--test-endpoints is only allowed with a loopback --host such as 127.0.0.1")
        }
        // A header value; anything else would let an operator's typo into every response.
        guard text(.corsOrigin).utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw UsageProblem("PYLON_CORS_ORIGIN must be an origin such as https://app.example.com")
        }
        if text(.corsOrigin) == "*", !isOn(.developmentMode) {
            throw UsageProblem("PYLON_CORS_ORIGIN=* is only allowed with PYLON_DEV_MODE=1")
        }
    }

    /// The value of a text or choice setting.
    func text(_ key: SettingKey) -> String {
        translations[key] ?? Setting.options[key].map { arguments.text($0) } ?? ""
    }

    /// The value of an integer setting.
    func integer(_ key: SettingKey) -> Int { Int(text(key)) ?? 0 }

    /// The value of a boolean setting.
    func isOn(_ key: SettingKey) -> Bool { ["1", "true"].contains(text(key)) }

    private func isGiven(_ key: SettingKey) -> Bool { Setting.options[key].map { arguments.isGiven($0) } ?? false }

    /// The address to listen on.
    var address: IPAddress { IPAddress(text(.host)) ?? .v4(0) }

    /// The value of `Access-Control-Allow-Origin`; nil for none.
    var allowedOrigin: String? {
        let origin = text(.corsOrigin)
        if origin.isEmpty { return isOn(.developmentMode) ? "*" : nil }
        return origin
    }
}
