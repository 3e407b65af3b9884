import PylonJSON
import Testing

@Suite struct JSONValueTests {
    @Test func accessorsReadOnlyTheirOwnKind() throws {
        let value: JSONValue = [
            "null": nil, "bool": true, "int": -7, "whole": 2.0, "double": 1.5, "string": "text", "array": [1, "x"],
            "object": ["a": 1],
        ]
        #expect(value["null"]?.isNull == true)
        #expect(value["missing"] == nil)
        #expect(value["bool"]?.bool == true)
        #expect(value["int"]?.int == -7)
        #expect(value["int"]?.double == -7)
        #expect(value["whole"]?.int == 2)
        #expect(value["double"]?.int == nil)
        #expect(value["double"]?.double == 1.5)
        #expect(value["string"]?.string == "text")
        #expect(value["array"]?.array?.count == 2)
        #expect(value["array"]?[1]?.string == "x")
        #expect(value["array"]?[2] == nil)
        #expect(value["object"]?["a"]?.int == 1)
        #expect(value["object"]?.object?.keys == ["a"])
        for key in ["null", "int", "double", "string", "array", "object"] { #expect(value[key]?.bool == nil) }
        for key in ["null", "bool", "string", "array", "object"] { #expect(value[key]?.double == nil) }
        for key in ["null", "bool", "int", "array", "object"] { #expect(value[key]?.string == nil) }
    }

    @Test func equalityIsThatOfJSON() {
        #expect(JSONValue.integer(1) == .number(1))
        #expect(JSONValue.integer(1) != .number(1.5))
        #expect(JSONValue.integer(1 << 53 + 1) != .number(Double(1 << 53)))
        #expect(JSONValue.integer(.max) != .number(0x1p63))
        #expect(JSONValue.string("\u{E9}") != .string("e\u{301}"))
        #expect((["a": 1, "b": 2] as JSONValue) == ["b": 2, "a": 1])
        #expect((["a": 1] as JSONValue) != ["a": 2])
        #expect((["a": 1] as JSONValue) != ["a": 1, "b": 1])
        #expect(([1, 2] as JSONValue) != [2, 1])
        #expect(JSONValue.null != false)
    }
}

@Suite struct JSONObjectTests {
    @Test(arguments: [0, 1, 2, 15, 16, 17, 18, 40, 300])
    func behavesLikeAnOrderedDictionary(count: Int) {
        var object = JSONObject()
        for number in 0..<count { object["k\(number)"] = .integer(Int64(number)) }
        #expect(object.count == count)
        #expect(object.keys == (0..<count).map { "k\($0)" })
        for number in 0..<count { #expect(object["k\(number)"]?.int == number) }
        #expect(object["k\(count)"] == nil)
        for number in stride(from: 0, to: count, by: 2) { object["k\(number)"] = "new" }
        #expect(object.keys == (0..<count).map { "k\($0)" })
        for number in stride(from: 1, to: count, by: 2) { object["k\(number)"] = nil }
        #expect(object.map(\.key) == stride(from: 0, to: count, by: 2).map { "k\($0)" })
        for member in object { #expect(object[member.key] == "new") }
        #expect(object["k1"] == nil)
    }

    @Test func keysAreTheirBytes() {
        var object = JSONObject()
        object["\u{E9}"] = 1
        object["e\u{301}"] = 2
        #expect(object.count == 2)
        #expect(object["\u{E9}"]?.int == 1)
        for number in 0..<20 { object["k\(number)"] = 0 }
        object["u\u{E9}"] = 3
        object["ue\u{301}"] = 4
        #expect(object["e\u{301}"]?.int == 2)
        #expect(object["u\u{E9}"]?.int == 3)
        #expect(object["ue\u{301}"]?.int == 4)
    }
}
