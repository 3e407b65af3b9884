internal import PylonBenchKit
internal import PylonBytes
internal import PylonJSON
internal import PylonStreamProtocol
internal import PylonTime
internal import PylonWebSocket

/// States of JSON as what changed since an earlier one: how long they are and what they cost, beside the whole state compressed.
struct Deltas: Scenario {
    static let name = "deltas"
    static let grammar = Arguments.Grammar(values: ["states", "seed", "clients", "bytes", "hz", "seconds"])
    static let usage = """
        pylon-bench deltas [--states 500] [--seed 1] [--clients 200] [--bytes 512,4096,32768] [--hz 20] [--seconds 5]
          Makes deltas between states of four kinds of worlds, three states apart, applies them and compares; and compresses the whole
          states as permessage-deflate does. Bytes and microseconds of one state, each the mean. Then the server sends a state of
          which little changes to so many Swift clients, whole and as deltas.
        """

    /// How old the base is: an acknowledgement takes a round trip.
    private static let age = 3

    private let states: Int
    private let seed: Int
    private let streams: DeltaStreams

    init(_ arguments: Arguments, _ rig: Rig) throws(BenchError) {
        streams = try DeltaStreams(arguments, rig)
        states = try arguments.number("states", default: 500, in: 10...1_000_000)
        seed = try arguments.number("seed", default: 1, in: 0...Int.max)
    }

    func run(_ output: Output) throws(BenchError) {
        for world in DeltaWorld.Kind.allCases { output.print(measure(world), of: Self.self) }
        for figures in try streams.measure() { output.print(figures, of: Self.self) }
    }

    private func measure(_ kind: DeltaWorld.Kind) -> Figures {
        var world = DeltaWorld(kind, seed: UInt64(seed))
        var encoder = StateDeltaEncoder()
        let deflater = MessageDeflater()
        let clock = SystemClock()
        var output = ByteBuffer()
        var compressed = ByteBuffer()
        var earlier: [[UInt8]] = []
        var (whole, small, deflated, isExact) = (0, 0, 0, true)
        var (making, applying, deflating) = (Duration.zero, Duration.zero, Duration.zero)
        for _ in 0..<states + Self.age {
            let state = world.next()
            earlier.append(state)
            guard earlier.count > Self.age else { continue }
            let base = earlier.removeFirst()
            output.removeAll()
            compressed.removeAll()
            let start = clock.now()
            let isMade = base.withUnsafeBytes { base in
                state.withUnsafeBytes {
                    encoder.encode(from: base, to: $0, countMaximum: state.count * 3 / 4, into: &output)
                }
            }
            let made = clock.now()
            let applied = output.withUnsafeBytes { StateDelta.apply($0, to: base, countMaximum: state.count) }
            let done = clock.now()
            let isCompressed = state.withUnsafeBytes { deflater.compress($0, into: &compressed) }
            deflating += clock.now() - done
            making += made - start
            applying += done - made
            whole += state.count
            small += isMade ? output.count : state.count
            deflated += isCompressed ? compressed.count : state.count
            isExact = isExact && (!isMade || applied == state)
        }
        func mean(_ time: Duration) -> Double { Double(time.wholeNanoseconds) / 1000 / Double(states) }
        var figures = Figures()
        figures.add("world", kind.rawValue)
        figures.add("state_bytes", whole / states)
        figures.add("delta_bytes", small / states)
        figures.add("deflated_bytes", deflated / states)
        figures.add("make_us", mean(making), places: 1)
        figures.add("apply_us", mean(applying), places: 1)
        figures.add("deflate_us", mean(deflating), places: 1)
        figures.add("is_exact", isExact)
        figures.expect("is_exact", .isTrue)
        return figures
    }
}

/// Worlds whose states change as those of real ones do.
private struct DeltaWorld {
    enum Kind: String, CaseIterable {
        /// 500 lines of text, of which one is edited.
        case document
        /// 60 players and the score; a third of them move.
        case match
        /// 200 boxes that all move a little.
        case crowd
        /// 100 numbers that are all drawn anew.
        case noise
    }

    private struct Item {
        var x: Double
        var y: Double
        var text: String
    }

    private let kind: Kind
    private var random: SeededGenerator
    private var items: [Item] = []
    private var number = 0

    init(_ kind: Kind, seed: UInt64) {
        self.kind = kind
        random = SeededGenerator(seed: seed)
        let count = [.document: 500, .match: 60, .crowd: 200, .noise: 100][kind] ?? 0
        for _ in 0..<count { items.append(item()) }
    }

    private mutating func item() -> Item {
        let words = ["the", "quick", "brown", "fox", "jumps", "over", "lazy", "dogs", "and", "runs"]
        let text = (0..<8).map { _ in words[Int.random(in: 0..<words.count, using: &random)] }.joined(separator: " ")
        return Item(
            x: Double.random(in: 0..<1000, using: &random), y: Double.random(in: 0..<1000, using: &random), text: text)
    }

    mutating func next() -> [UInt8] {
        number += 1
        switch kind {
        case .document: items[Int.random(in: 0..<items.count, using: &random)] = item()
        case .match:
            for index in items.indices where (index + number).isMultiple(of: 3) { move(index) }
        case .crowd: for index in items.indices { move(index) }
        case .noise: for index in items.indices { items[index] = item() }
        }
        return write()
    }

    private mutating func move(_ index: Int) {
        items[index].x += Double.random(in: -1...1, using: &random)
        items[index].y += Double.random(in: -1...1, using: &random)
    }

    private func write() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("tick", number)
        json.key("items")
        json.beginArray()
        for (index, item) in items.enumerated() { write(item, index, into: &json) }
        json.endArray()
        json.endObject()
        return json.finish().copyBytes()
    }

    private func write(_ item: Item, _ index: Int, into json: inout JSONWriter) {
        json.beginObject()
        json.member("id", index)
        if kind == .document {
            json.member("text", item.text)
        } else {
            json.member("x", item.x, decimals: 2)
            json.member("y", item.y, decimals: 2)
        }
        if kind == .match {
            json.member("name", "player \(index)")
            json.member("health", 100 - index % 7)
        }
        json.endObject()
    }
}
