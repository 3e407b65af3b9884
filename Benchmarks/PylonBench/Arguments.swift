/// Command-line flags of the form `--name value`, `--name=value` or `--name`.
struct Arguments {
    /// What the words are matched against: flags that take a value, and switches that do not.
    struct Grammar {
        var values: Set<String>
        var switches: Set<String> = []
        /// Flags whose value may be left out.
        var optionalValues: Set<String> = []

        func adding(_ other: Grammar) -> Grammar {
            Grammar(
                values: values.union(other.values), switches: switches.union(other.switches),
                optionalValues: optionalValues.union(other.optionalValues))
        }
    }

    private(set) var values: [String: String] = [:]
    private(set) var switches: Set<String> = []
    /// Everything behind `--`.
    private(set) var rest: [String] = []

    init(_ words: some Collection<String>, _ grammar: Grammar) throws(BenchError) {
        var words = Array(words)[...]
        while let word = words.popFirst() {
            if word == "--" {
                rest = Array(words)
                return
            }
            guard word.hasPrefix("--") else { throw .usage("unexpected argument \(word)") }
            let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            if grammar.values.contains(name) || grammar.optionalValues.contains(name) {
                if parts.count == 2 {
                    values[name] = String(parts[1])
                } else if let next = words.first, !next.hasPrefix("--") {
                    values[name] = words.removeFirst()
                } else if grammar.optionalValues.contains(name) {
                    switches.insert(name)
                } else {
                    throw .usage("--\(name) needs a value")
                }
            } else if grammar.switches.contains(name), parts.count == 1 {
                switches.insert(name)
            } else {
                throw .usage("unknown flag --\(name)")
            }
        }
    }

    func has(_ name: String) -> Bool { switches.contains(name) }

    func string(_ name: String, default fallback: String? = nil) throws(BenchError) -> String {
        guard let value = values[name] ?? fallback else { throw .usage("--\(name) is missing") }
        return value
    }

    /// A whole number in `range`.
    func number(_ name: String, default fallback: Int? = nil, in range: ClosedRange<Int>) throws(BenchError) -> Int {
        guard let text = values[name] else {
            guard let fallback else { throw .usage("--\(name) is missing") }
            return fallback
        }
        return try Self.parse(text, name, range)
    }

    /// Whole numbers separated by commas, each in `range`.
    func numbers(_ name: String, default fallback: [Int], in range: ClosedRange<Int>) throws(BenchError) -> [Int] {
        guard let text = values[name] else { return fallback }
        var numbers: [Int] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            numbers.append(try Self.parse(String(part), name, range))
        }
        return numbers
    }

    private static func parse(_ text: String, _ name: String, _ range: ClosedRange<Int>) throws(BenchError) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw .usage("--\(name) takes whole numbers from \(range.lowerBound) to \(range.upperBound), not \(text)")
        }
        return number
    }
}
