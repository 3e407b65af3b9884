import PylonJSON
import Testing

private struct Player: Codable, Equatable {
    struct Position: Codable, Equatable {
        var x: Double
        var y: Float
    }
    enum Team: String, Codable { case red, blue }
    enum Action: Codable, Equatable {
        case move(dx: Int, dy: Int)
        case say(String)
        case stop
    }
    var name: String
    var position: Position
    var team: Team?
    var scores: [Int8]
    var tags: [String: UInt16]
    var actions: [Action]
    var nested: [[Bool?]]
    var extra: JSONValue
    var id: UInt64
}

private class Animal: Codable {
    var legs = 4
}

private final class Dog: Animal {
    enum Keys: String, CodingKey { case name }
    var name: String

    init(name: String) {
        self.name = name
        super.init()
    }

    required init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        name = try container.decode(String.self, forKey: .name)
        try super.init(from: container.superDecoder())
    }

    override func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(name, forKey: .name)
        try super.encode(to: container.superEncoder())
    }
}

@Suite struct JSONCodingTests {
    private static let player = Player(
        name: "Ada \"é\"", position: .init(x: 0.1, y: 0.1), team: .blue, scores: [-128, 0, 127], tags: ["a": 65535],
        actions: [.move(dx: 1, dy: -1), .say("hi"), .stop], nested: [[true, nil], [], [false]],
        extra: ["k": [1, 2.5, nil, "s"]], id: 1 << 60)

    @Test func typesComeBack() throws {
        let value = try JSONValueEncoder().encode(Self.player)
        #expect(value["position"]?["y"]?.double == 0.1)
        #expect(try JSONValueDecoder().decode(Player.self, from: value) == Self.player)
        var writer = JSONWriter()
        try writer.encode(Self.player)
        let text = writer.text
        #expect(try JSONValueDecoder().decode(from: JSONParser.parse(text)) == Self.player)
        #expect(value.object?.keys.first == "name")
    }

    @Test func absentAndNullOptionalsAreNil() throws {
        struct Options: Codable, Equatable { var a: Int?; var b: String? }
        #expect(try JSONValueDecoder().decode(from: ["a": nil]) == Options())
        #expect(try JSONValueDecoder().decode(from: ["b": "x", "c": 1]) == Options(b: "x"))
        #expect(try JSONValueEncoder().encode(Options(a: 1)) == ["a": 1])
        #expect(try JSONValueDecoder().decode(Int?.self, from: nil) == nil)
        #expect(try JSONValueDecoder().decode([Int?].self, from: [1, nil]) == [1, nil])
    }

    @Test func superclassesHaveAPlaceOfTheirOwn() throws {
        let value = try JSONValueEncoder().encode(Dog(name: "Rex"))
        #expect(value == ["name": "Rex", "super": ["legs": 4]])
        let dog = try JSONValueDecoder().decode(Dog.self, from: ["name": "Rex", "super": ["legs": 3]])
        #expect(dog.legs == 3)
    }

    @Test func scalarsStandAlone() throws {
        #expect(try JSONValueEncoder().encode(7) == 7)
        #expect(try JSONValueEncoder().encode("s") == "s")
        #expect(try JSONValueEncoder().encode([1, 2]) == [1, 2])
        #expect(try JSONValueDecoder().decode(Double.self, from: 7) == 7)
        #expect(try JSONValueDecoder().decode(Int.self, from: 7.0) == 7)
    }

    /// Two containers of one object and two of its members, filled in turns.
    private struct Interleaved: Encodable {
        enum Keys: String, CodingKey { case list, object, other }
        func encode(to encoder: any Encoder) throws {
            var outer = encoder.container(keyedBy: Keys.self)
            var list = outer.nestedUnkeyedContainer(forKey: .list)
            var object = outer.nestedContainer(keyedBy: Keys.self, forKey: .object)
            try list.encode(1)
            try object.encode("a", forKey: .list)
            var inner = list.nestedUnkeyedContainer()
            try outer.encode(true, forKey: .other)
            try list.encode(2)
            try inner.encode(3)
            var again = encoder.container(keyedBy: Keys.self)
            try again.encode(false, forKey: .other)
            try object.encodeNil(forKey: .other)
            try inner.encode(4)
        }
    }

    @Test func interleavedContainersKeepTheirPlaces() throws {
        let value = try JSONValueEncoder().encode(Interleaved())
        #expect(value.text == #"{"list":[1,[3,4],2],"object":{"list":"a","other":null},"other":false}"#)
    }

    @Test func pathsLeadToTheFault() throws {
        func path(_ change: (inout JSONObject) -> Void) throws -> String {
            var object = try #require(try JSONValueEncoder().encode(Self.player).object)
            change(&object)
            do {
                _ = try JSONValueDecoder().decode(Player.self, from: .object(object))
                return "decoded"
            } catch let error as DecodingError {
                switch error {
                case .typeMismatch(_, let context): return "mismatch " + spell(context.codingPath)
                case .valueNotFound(_, let context): return "null " + spell(context.codingPath)
                case .keyNotFound(let key, let context):
                    return "missing \(key.stringValue) " + spell(context.codingPath)
                case .dataCorrupted(let context): return "corrupted " + spell(context.codingPath)
                @unknown default: return "unknown"
                }
            }
        }
        func spell(_ path: [any CodingKey]) -> String {
            path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: "/")
        }
        #expect(try path { $0["name"] = 1 } == "mismatch name")
        #expect(try path { $0["name"] = .null } == "null name")
        #expect(try path { $0["name"] = nil } == "missing name ")
        #expect(try path { $0["position"] = ["x": 1] } == "missing y position")
        #expect(try path { $0["position"] = ["x": 1, "y": 1e300] } == "corrupted position/y")
        #expect(try path { $0["position"] = [1, 2] } == "mismatch position")
        #expect(try path { $0["scores"] = [1, 128] } == "corrupted scores/1")
        #expect(try path { $0["scores"] = [1, 1.5] } == "corrupted scores/1")
        #expect(try path { $0["tags"] = ["b": -1] } == "corrupted tags/b")
        #expect(try path { $0["team"] = "green" } == "corrupted team")
        #expect(try path { $0["nested"] = [[true], [1]] } == "mismatch nested/1/0")
        #expect(try path { $0["actions"] = [["move": ["dx": 1]]] } == "missing dy actions/0/move")
        #expect(try path { $0["id"] = 1e19 } == "corrupted id")
    }

    @Test func readingPastTheEndOfAnArrayIsAnError() {
        struct Pair: Decodable {
            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                _ = try (container.decode(Int.self), container.decode(Int.self))
            }
        }
        #expect(throws: DecodingError.self) { try JSONValueDecoder().decode(Pair.self, from: [1]) }
        #expect(throws: Never.self) { try JSONValueDecoder().decode(Pair.self, from: [1, 2]) }
    }

    @Test func numbersWithoutASpellingAreRefused() {
        #expect(throws: EncodingError.self) { try JSONValueEncoder().encode(Double.nan) }
        #expect(throws: EncodingError.self) { try JSONValueEncoder().encode([Float.infinity]) }
        #expect(throws: EncodingError.self) { try JSONValueEncoder().encode(["a": UInt64.max]) }
    }
}
