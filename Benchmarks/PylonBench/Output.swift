internal import Glibc
internal import PylonBenchKit
internal import PylonJSON

/// Where results go: lines for people or one JSON object for each case, and a file when one is asked for.
struct Output {
    let isJSON: Bool
    private let file: OutputFile?

    init(_ arguments: Arguments) throws(BenchError) {
        isJSON = arguments.has("json")
        file = try arguments.values["json"].map { (path) throws(BenchError) in try OutputFile(path) }
    }

    /// Prints one case.
    func print(lines: @autoclosure () -> [String], json: String) {
        if isJSON { Console.print(json) } else { lines().forEach(Console.print) }
        file?.write(json)
    }

    /// Prints one case of a scenario.
    func print(_ figures: Figures, of scenario: any Scenario.Type) {
        print(lines: Self.lines(figures, scenario.name), json: Self.json(figures, scenario.name))
    }

    private static func lines(_ figures: Figures, _ scenario: String) -> [String] {
        let width = figures.fields.map(\.name.count).max() ?? 0
        return [scenario]
            + figures.fields.map { field in
                let padding = String(repeating: " ", count: width - field.name.count + 2)
                let bars = figures.bars.filter { $0.field == field.name }.map { describe($0, figures.isMet($0)) }
                return "  \(field.name)\(padding)\(text(field.value))\(bars.joined())"
            }
    }

    private static func text(_ value: Figures.Value) -> String {
        switch value {
        case .text(let text): text
        case .whole(let number): Decimal.grouped(number)
        case .number(let number, let places): number.map { Decimal.text($0, places: places) } ?? "-"
        case .flag(let flag): flag ? "yes" : "no"
        }
    }

    private static func describe(_ bar: Figures.Bar, _ isMet: Bool?) -> String {
        let limit =
            switch bar.limit {
            case .atMost(let limit): "at most \(limit)"
            case .atLeast(let limit): "at least \(limit)"
            case .isTrue: "yes"
            }
        return "   (bar: \(limit)\(isMet.map { $0 ? ", met" : ", MISSED" } ?? ""))"
    }

    private static func json(_ figures: Figures, _ scenario: String) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("scenario", scenario)
        // `tick_ms.p50` and its neighbours become one object `tick_ms`.
        var group: Substring?
        for field in figures.fields {
            let parts = field.name.split(separator: ".", maxSplits: 1)
            let next = parts.count == 2 ? parts[0] : nil
            if group != next {
                if group != nil { json.endObject() }
                if let next {
                    json.key(String(next))
                    json.beginObject()
                }
                group = next
            }
            json.key(String(parts[parts.count - 1]))
            write(field.value, into: &json)
        }
        if group != nil { json.endObject() }
        json.key("bars")
        json.beginObject()
        for bar in figures.bars {
            json.key(bar.field)
            if let isMet = figures.isMet(bar) { json.value(isMet) } else { json.null() }
        }
        json.endObject()
        json.endObject()
        return json.text
    }

    private static func write(_ value: Figures.Value, into json: inout JSONWriter) {
        switch value {
        case .text(let text): json.value(text)
        case .whole(let number): json.value(number)
        case .number(let number?, let places): json.value(number, decimals: max(places, 4))
        case .number(nil, _): json.null()
        case .flag(let flag): json.value(flag)
        }
    }
}

/// A file that results are added to as they come, so that an interrupted run keeps what it had.
final class OutputFile {
    private let descriptor: Int32

    init(_ path: String) throws(BenchError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system(call: "opening \(path)", errno: errno) }
    }

    deinit { close(descriptor) }

    func write(_ line: String) { Console.write(line, to: descriptor) }
}
