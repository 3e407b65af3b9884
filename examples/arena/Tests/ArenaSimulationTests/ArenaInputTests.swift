import Pylon
import Testing

@testable import ArenaSimulation

@Suite struct ArenaInputTests {
    @Test func `one message may hold several wishes`() throws {
        let text = #"{"move":{"x":0,"y":-1},"aim":{"angle":1.5707963},"fire":true,"name":" Ada ","future":[1]}"#
        let input = try ArenaInput(JSONParser.parse(text))
        let expected = ArenaInput(move: Vector(0, -1), aim: Heading(step: 256), fire: true, name: "Ada")
        #expect(input == expected)
    }

    @Test(arguments: [
        (#"{"move":{"x":1,"y":0}}"#, Vector(1, 0)), (#"{"move":{"x":-1e308,"y":0}}"#, Vector(-1, 0)),
        (#"{"move":{"x":0.25,"y":0}}"#, Vector(0.25, 0)), (#"{"move":{"x":0,"y":0}}"#, Vector(0, 0)),
    ])
    func `movement is at most one long`(_ text: String, _ expected: Vector) throws {
        #expect(try ArenaInput(JSONParser.parse(text)).move == expected)
    }

    @Test func `huge diagonals keep their direction`() throws {
        let move = try #require(try ArenaInput(JSONParser.parse(#"{"move":{"x":1e300,"y":1e300}}"#)).move)
        #expect(abs(move.length - 1) < 1e-12)
        #expect(move.x == move.y)
    }

    @Test(arguments: [
        "null", "[]", "7", #"{"move":1}"#, #"{"move":{"x":1}}"#, #"{"move":{"x":"1","y":0}}"#, #"{"aim":1}"#,
        #"{"aim":{"angle":1e300}}"#, #"{"shoot":{}}"#, #"{"fire":1}"#, #"{"name":""}"#, #"{"name":7}"#,
        #"{"move":{"x":null,"y":0}}"#,
    ])
    func `nonsense is refused`(_ text: String) throws {
        let json = try JSONParser.parse(text)
        #expect(throws: InvalidInput.self) { try ArenaInput(json) }
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func `what is not a number is refused`(_ value: Double) {
        #expect(throws: InvalidInput.self) { try ArenaInput(["move": ["x": .number(value), "y": 0]]) }
        #expect(throws: InvalidInput.self) { try ArenaInput(["aim": ["angle": .number(value)]]) }
    }

    @Test func `headings wrap around and point where they say`() {
        #expect(Heading(radians: -.pi / 2) == Heading(step: 768))
        #expect(Heading(radians: 2 * .pi) == Heading(step: 0))
        #expect(Heading(step: -1) == Heading(step: 1023))
        for step in stride(from: 0, to: 1024, by: 128) {
            let unit = Heading(step: step).unit
            #expect(abs(unit.length - 1) < 1e-12)
        }
        #expect(abs(Heading(step: 256).unit.y - 1) < 1e-12)
        #expect(abs(Heading(step: 128).unit.x - 0.5.squareRoot()) < 1e-12)
    }
}
