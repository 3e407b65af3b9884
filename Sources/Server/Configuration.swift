internal import PylonNet
internal import PylonBytes
internal import PylonTelemetry

/// The settings of one process, checked: built from the table, flags winning over the environment, both over defaults.
package struct Configuration: Sendable {
    private var values: [SettingKey: String] = [:]

    /// A flag or variable that cannot be used.
    package struct Problem: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// Reads `arguments` (those behind the verb) and `environment`. Throws the first problem, in words for one line.
    package init(arguments: [String], environment: [String: String]) throws(Problem) {
        for setting in Setting.table {
            values[setting.key] = setting.standard
            guard let variable = setting.variable, let value = environment[variable], !value.isEmpty else { continue }
            try set(setting, to: value, named: variable)
        }
        // The reference's log filter; only its plain level names mean something here.
        if environment["PYLON_LOG"] == nil, let level = environment["RUST_LOG"], LogLevel(name: level) != nil {
            values[.logLevel] = level
        }
        try read(arguments)
        if text(.host) == "localhost" { values[.host] = "127.0.0.1" }
        try checkCombinations()
    }

    private mutating func read(_ arguments: [String]) throws(Problem) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let setting = Setting.table.first(where: { $0.flag == String(parts[0]) }) else {
                throw Problem(description: "unknown flag \(argument); see --help")
            }
            if case .boolean = setting.kind, parts.count == 1 {
                values[setting.key] = "1"
            } else if parts.count == 2 {
                try set(setting, to: String(parts[1]), named: String(parts[0]))
            } else if let value = rest.popFirst() {
                try set(setting, to: value, named: argument)
            } else {
                throw Problem(description: "\(argument) needs a value")
            }
        }
    }

    private mutating func set(_ setting: Setting, to value: String, named name: String) throws(Problem) {
        switch setting.kind {
        case .integer(let range):
            guard let number = Int(value), range.contains(number) else {
                throw Problem(
                    description: "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
        case .boolean:
            guard ["0", "1", "true", "false"].contains(value) else {
                throw Problem(description: "\(name) must be 1, true, 0 or false")
            }
        case .choice(let choices):
            guard choices.contains(value) else {
                throw Problem(description: "\(name) must be one of \(choices.joined(separator: ", "))")
            }
        case .text: break
        }
        values[setting.key] = value
    }

    private func checkCombinations() throws(Problem) {
        guard IPAddress(text(.host)) != nil else {
            throw Problem(description: "--host (PYLON_HOST) must be an IPv4 or IPv6 address or localhost")
        }
        if isOn(.testEndpoints), !address.isLoopback {
            throw Problem(description: "--test-endpoints is only allowed with a loopback --host such as 127.0.0.1")
        }
        // A header value; anything else would let an operator's typo into every response.
        guard text(.corsOrigin).utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Problem(description: "PYLON_CORS_ORIGIN must be an origin such as https://app.example.com")
        }
        if text(.corsOrigin) == "*", !isOn(.developmentMode) {
            throw Problem(description: "PYLON_CORS_ORIGIN=* is only allowed with PYLON_DEV_MODE=1")
        }
    }

    /// The value of a text or choice setting.
    func text(_ key: SettingKey) -> String { values[key] ?? "" }

    /// The value of an integer setting.
    func integer(_ key: SettingKey) -> Int { Int(text(key)) ?? 0 }

    /// The value of a boolean setting.
    func isOn(_ key: SettingKey) -> Bool { ["1", "true"].contains(text(key)) }

    /// The address to listen on.
    var address: IPAddress { IPAddress(text(.host)) ?? .v4(0) }

    /// The value of `Access-Control-Allow-Origin`; nil for none.
    var allowedOrigin: String? {
        let origin = text(.corsOrigin)
        if origin.isEmpty { return isOn(.developmentMode) ? "*" : nil }
        return origin
    }
}
