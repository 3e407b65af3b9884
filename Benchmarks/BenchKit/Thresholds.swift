internal import PylonJSON

/// The counted costs that may not be exceeded, as a file in `Benchmarks/Thresholds` names them.
package struct Thresholds: Sendable {
    /// One load and its limits, each per delivery.
    package struct Case: Sendable, Equatable {
        /// `ws` or `sse`.
        package var mode: String
        package var clients: Int
        /// Ticks a second.
        package var hz: Int
        package var bytes: Int
        /// Events in every tick; 0 is a stream of snapshots.
        package var eventsPerTick: Int
        package var allocationsMaximum: Double?
        package var systemCallsMaximum: Double?
    }

    package var cases: [Case]

    /// Why a file cannot be used.
    package struct Problem: Error, CustomStringConvertible {
        package let description: String
    }

    /// Reads `{"cases":[{"mode":"ws","clients":1000,"hz":20,"bytes":512,"syscalls_per_delivery":1.02},…]}`. Unknown
    /// members are errors: a limit with a misspelt name would never fail.
    package init(json text: String) throws(Problem) {
        let json: JSONValue
        do { json = try JSONParser.parse(text) } catch { throw Problem(description: "no JSON: \(error)") }
        guard let list = json["cases"]?.array, !list.isEmpty else { throw Problem(description: "no \"cases\"") }
        cases = []
        for (index, entry) in list.enumerated() {
            cases.append(try Self.read(entry, place: "case \(index + 1)"))
        }
    }

    private static let members: Set<String> = [
        "mode", "clients", "hz", "bytes", "events_per_tick", "mallocs_per_delivery", "syscalls_per_delivery",
    ]

    private static func read(_ entry: JSONValue, place: String) throws(Problem) -> Case {
        guard let object = entry.object else { throw Problem(description: "\(place) is no object") }
        if let unknown = object.keys.first(where: { !members.contains($0) }) {
            throw Problem(description: "\(place): unknown member \"\(unknown)\"")
        }
        func number(_ name: String) throws(Problem) -> Int {
            guard let value = object[name]?.int, value > 0 else {
                throw Problem(description: "\(place): \"\(name)\" must be a whole number above 0")
            }
            return value
        }
        func limit(_ name: String) throws(Problem) -> Double? {
            guard let value = object[name] else { return nil }
            guard let limit = value.double, limit >= 0 else {
                throw Problem(description: "\(place): \"\(name)\" must be a number of 0 or more")
            }
            return limit
        }
        guard let mode = object["mode"]?.string, ["ws", "sse"].contains(mode) else {
            throw Problem(description: "\(place): \"mode\" must be \"ws\" or \"sse\"")
        }
        let allocations = try limit("mallocs_per_delivery")
        let systemCalls = try limit("syscalls_per_delivery")
        if allocations == nil, systemCalls == nil { throw Problem(description: "\(place) limits nothing") }
        return Case(
            mode: mode, clients: try number("clients"), hz: try number("hz"), bytes: try number("bytes"),
            eventsPerTick: object["events_per_tick"] == nil ? 0 : try number("events_per_tick"),
            allocationsMaximum: allocations, systemCallsMaximum: systemCalls)
    }
}
