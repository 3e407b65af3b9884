import PylonJSON
import PylonSchema
import Testing

@Suite struct EntityInputTests {
    private let id = "0123456789abcdef0123456789abcdef01234567"

    @Test func anInsertHasAValueForEveryField() throws {
        let input = try EntityInput(try Samples.json(#"{"title":"A","done":0,"price":1}"#), for: Samples.todo())
        #expect(input.id == nil)
        #expect(
            input.values == [
                "title": .text("A"), "done": .bool(false), "ownerId": .null, "notes": .null, "priority": .null,
                "price": .real(1), "due": .null,
            ])
    }

    @Test func aPatchHasOnlyWhatIsGiven() throws {
        let patch = try RowPatch(try Samples.json(#"{"done":true,"notes":null,"id":"x"}"#), for: Samples.todo())
        #expect(patch.values == ["done": .bool(true), "notes": .null])
        #expect(try RowPatch([:], for: Samples.todo()).isEmpty)
    }

    @Test func anIDIsDroppedUnlessItIsAskedFor() throws {
        let json = try Samples.json("{\"id\":\"\(id)\",\"title\":\"A\",\"done\":true}")
        #expect(try EntityInput(json, for: Samples.todo()).id == nil)
        #expect(try EntityInput(json, for: Samples.todo(), keepsID: true).id == RowID(id))
        let odd = try Samples.json(#"{"id":"7","title":"A","done":true}"#)
        #expect(try EntityInput(odd, for: Samples.todo()).id == nil)
        expect(.validationFailed, ["id"]) { try EntityInput(odd, for: Samples.todo(), keepsID: true) }
    }

    @Test func defect17MissingFieldsHaveACodeAndAreNamed() {
        expect(.missingField, ["title", "done"]) { try EntityInput([:], for: Samples.todo()) }
        expect(.missingField, ["title"]) { try EntityInput(["done": true], for: Samples.todo()) }
    }

    @Test func unknownFieldsAreNamedWithTheValidColumns() throws {
        let problem = try #require(
            throws: InputProblem.self, performing: { try RowPatch(["titel": "A", "x": 1], for: Samples.todo()) })
        #expect(problem.code == .invalidColumn && problem.code.rawValue == "INVALID_COLUMN")
        #expect(problem.fields == ["titel", "x"])
        #expect(
            problem.message.contains("valid columns are id, title, done, ownerId, notes, priority, price, due"))
    }

    @Test(arguments: ["null", "[]", "1", "\"x\"", "true"]) func aRowIsAnObject(text: String) throws {
        let json = try Samples.json(text)
        expect(.invalidData, []) { try EntityInput(json, for: Samples.todo()) }
        expect(.invalidData, []) { try RowPatch(json, for: Samples.todo()) }
    }

    @Test func defect31EveryWrongValueIsNamed() throws {
        let json = try Samples.json(#"{"title":1,"done":"yes","due":"soon","priority":0.5,"notes":[]}"#)
        let names = ["title", "done", "due", "priority", "notes"]
        expect(.validationFailed, names) { try EntityInput(json, for: Samples.todo()) }
        expect(.validationFailed, names) { try RowPatch(json, for: Samples.todo()) }
        expect(.validationFailed, ["title"]) { try RowPatch(["title": nil], for: Samples.todo()) }
    }

    private func expect<Value>(_ code: InputProblem.Code, _ fields: [String], _ body: () throws -> Value) {
        let problem = #expect(throws: InputProblem.self) { try body() }
        #expect(problem?.code == code)
        #expect(problem?.fields == fields)
    }
}
