import PylonSchema
import Testing

@Suite struct FieldValuesTests {
    @Test func `values are set, replaced and taken away by name`() {
        var values: FieldValues = ["a": .integer(1), "b": .null]
        values["c"] = .text("x")
        values["a"] = .integer(2)
        values["b"] = nil
        values["d"] = nil
        #expect(values["a"] == .integer(2))
        #expect(values["b"] == nil)
        #expect(values.map(\.name) == ["a", "c"])
    }

    @Test func `equal values are equal in any order`() {
        let values: FieldValues = ["a": .integer(1), "b": .null]
        #expect(values == ["b": .null, "a": .integer(1)])
        #expect(values != ["a": .integer(1)])
        #expect(values != ["a": .integer(1), "c": .null])
        #expect(values != ["a": .integer(1), "b": .bool(false)])
    }
}
