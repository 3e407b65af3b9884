import PylonBytes
import PylonJSON
import Testing

@Suite struct JSONWriterTests {
    private func text(_ write: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        write(&writer)
        return writer.text
    }

    @Test func commasAndColonsComeByThemselves() {
        let result = text { json in
            json.beginObject()
            json.key("tick")
            json.value(42)
            json.key("name")
            json.value("x")
            json.key("pos")
            json.beginArray()
            json.value(1.5, decimals: 2)
            json.value(-2)
            json.beginArray()
            json.endArray()
            json.beginObject()
            json.endObject()
            json.beginObject()
            json.member("a", true)
            json.member("b", 0.25)
            json.endObject()
            json.endArray()
            json.beginObject("object")
            json.beginArray("list")
            json.null()
            json.raw("[1,2]")
            json.raw(Array("{}".utf8))
            json.endArray()
            json.endObject()
            json.member("last", "end")
            json.endObject()
        }
        #expect(
            result
                == #"{"tick":42,"name":"x","pos":[1.5,-2,[],{},{"a":true,"b":0.25}],"#
                + #""object":{"list":[null,[1,2],{}]},"last":"end"}"#)
    }

    @Test func everyOverloadWritesItsKind() {
        let name = "na\"me"
        let none: String? = nil
        let some: String? = "s"
        let number: Int? = 5
        let result = text { json in
            json.beginObject()
            json.key(name)
            json.value(name)
            json.member("interpolated", "a\(1)")
            json.member("none", none)
            json.member("some", some)
            json.member("number", number)
            json.member("variable", name)
            json.member("byte", UInt8(255))
            json.member("most", UInt64.max)
            json.member("least", Int64.min)
            json.member("float", Float(0.1))
            json.member("rounded", 3.14159, decimals: 2)
            json.member("roundedFloat", Float(3.14159), decimals: 3)
            json.member("tree", ["x": [1, nil]] as JSONValue)
            json.member("nan", Double.nan)
            json.endObject()
        }
        #expect(
            result
                == #"{"na\"me":"na\"me","interpolated":"a1","none":null,"some":"s","number":5,"variable":"na\"me","byte":255,"#
                + #""most":18446744073709551615,"least":-9223372036854775808,"float":0.1,"rounded":3.14,"#
                + #""roundedFloat":3.142,"tree":{"x":[1,null]},"nan":null}"#)
    }

    @Test(
        arguments: [
            (0.0, "0"), (-0.0, "-0"), (1, "1"), (-1, "-1"), (0.1, "0.1"), (-0.5, "-0.5"), (12.34, "12.34"),
            (1e15, "1000000000000000"),
            (9_007_199_254_740_991, "9007199254740991"), (9_007_199_254_740_992, "9007199254740992.0"), (1e16, "1e+16"),
            (1e21, "1e+21"), (.leastNonzeroMagnitude, "5e-324"), (1.7976931348623157e308, "1.7976931348623157e+308"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"), (1.0 / 3, "0.3333333333333333"), (0.1 + 0.2, "0.30000000000000004"),
            (100.001, "100.001"),
            (-.infinity, "null"), (.infinity, "null"), (.nan, "null"), (99_999_999_999.9999, "99999999999.9999"),
        ] as [(Double, String)])
    func doublesAreShortestAndValid(value: Double, expected: String) throws {
        #expect(text { $0.value(value) } == expected)
        let parsed = try JSONParser.parse(expected)
        if value.isFinite { #expect(parsed.double?.bitPattern == value.bitPattern) }
    }

    @Test(
        arguments: [
            (1.5, 2, "1.5"), (1.005, 2, "1"), (1.006, 2, "1.01"), (-1.006, 2, "-1.01"), (0.004, 2, "0"),
            (-0.004, 2, "0"),
            (12.0, 3, "12"), (0.05, 2, "0.05"), (-0.25, 2, "-0.25"), (123.456, 0, "123"), (1e300, 2, "1e+300"),
            (1_234_567.891, 1, "1234567.9"), (.nan, 2, "null"), (.infinity, 2, "null"), (0.1, 15, "0.1"),
            (99.995, 1, "100"),
        ] as [(Double, Int, String)])
    func roundedDoublesHaveNoTrailingZeros(value: Double, decimals: Int, expected: String) {
        #expect(text { $0.value(value, decimals: decimals) } == expected)
    }

    @Test func floatsAreShortest() {
        for value: Float in [0, 1, -1, 0.1, 0.3, 16_777_216, 3.4028235e38, .leastNonzeroMagnitude, 123.456] {
            let written = text { $0.value(value) }
            #expect(Float(written) == value)
            #expect(written.utf8.count <= value.description.utf8.count)
        }
        #expect(text { $0.value(Float.nan) } == "null")
    }

    @Test func stringsAreEscapedWhereTheyMustBe() throws {
        #expect(
            text { $0.value("a\"b\\c/d\u{8}\u{C}\n\r\t\u{0}\u{1F}\u{7F}é😀") } == #""a\"b\\c/d\b\f\n\r\t\u0000\u001f"#
                + "\u{7F}é😀\"")
        #expect(text { $0.value("") } == "\"\"")
        let empty = ""
        #expect(text { $0.value(empty) } == "\"\"")
        // A special character at every place of runs of every length around the eight bytes looked at together.
        for length in 0..<40 {
            for place in 0...length {
                for special in ["\"", "\\", "\n", "\u{1}", "\u{1F}", "é", "\u{7F}", "!", "#", "[", "]", " "] {
                    let plain =
                        String(repeating: "x", count: place) + special + String(repeating: "y", count: length - place)
                    let written = text { $0.value(plain) }
                    #expect(try JSONParser.parse(written).string == plain)
                }
            }
        }
    }

    @Test func bytesAreWrittenLikeTheStringTheyAre() {
        for string in ["", "plain", "a\"b\\c\n", "\u{1F600}é\0"] {
            let written = text { json in
                json.beginArray()
                Array(string.utf8).withUnsafeBytes { json.value(utf8: $0) }
                json.value(string)
                json.endArray()
            }
            let once = text { $0.value(string) }
            #expect(written == "[\(once),\(once)]")
        }
    }

    /// Every byte at every place of texts around the eight that are looked at together, as a string of the same bytes is written.
    @Test func bytesFromElsewhereAreWrittenLikeTheStringTheyMake() {
        for count in 0...19 {
            for place in 0..<max(1, count) {
                for byte in UInt8.min...UInt8.max {
                    var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: count)
                    if count > 0 { bytes[place] = byte }
                    let repaired = text { json in bytes.withUnsafeBytes { json.value(repairing: $0) } }
                    let string = String(decoding: bytes, as: UTF8.self)
                    #expect(repaired == text { $0.value(string) }, "\(bytes)")
                }
            }
        }
        let snowman: [UInt8] = Array("it's a ☃, \u{1F600} and a \"quote\"".utf8)
        let written = text { json in snowman.withUnsafeBytes { json.value(repairing: $0) } }
        #expect(written == #""it's a ☃, \#u{1F600} and a \"quote\"""#)
    }

    @Test func allControlCharactersComeBack() throws {
        let all = String(String.UnicodeScalarView((UInt32(0)...0x2FF).compactMap(Unicode.Scalar.init)))
        let written = text { $0.value(all) }
        #expect(!written.utf8.contains { $0 < 0x20 })
        #expect(try JSONParser.parse(written).string == all)
        let object: JSONValue = .object(
            {
                var object = JSONObject()
                object[all] = 1
                return object
            }())
        #expect(try JSONParser.parse(object.text) == object)
    }

    @Test func resetForgetsTheTextAndItsNesting() {
        var writer = JSONWriter(capacity: 64)
        writer.beginObject()
        writer.key("left")
        writer.reset()
        writer.value(1)
        let count = writer.count
        #expect(count == 1)
        let isComplete = writer.isComplete
        #expect(isComplete)
        let text = writer.text
        #expect(text == "1")
    }

    @Test func anExistingBufferIsContinuedAndGivenBack() {
        var buffer = ByteBuffer()
        buffer.append("data: ")
        var writer = JSONWriter(buffer)
        writer.beginArray()
        writer.endArray()
        let finished = writer.finish()
        let bytes = finished.copyBytes()
        #expect(bytes == Array("data: []".utf8))
    }

    @Test func nestingGoesDeeperThanTheDebugBits() throws {
        let depth = 200
        let result = text { json in
            for level in 0..<depth {
                if level % 3 == 0 { json.beginArray() } else { json.beginObject(); json.key("k") }
                if level % 3 == 0 { json.value(0) }
            }
            json.null()
            for level in (0..<depth).reversed() { if level % 3 == 0 { json.endArray() } else { json.endObject() } }
        }
        #expect(try JSONParser.parse(result, limits: JSONLimits(depthMaximum: depth)).text == result)
    }

    @Test func aWarmWriterKeepsItsMemory() {
        var writer = JSONWriter()
        var held = 0
        for round in 0..<10 {
            writer.reset()
            writer.beginArray()
            for number in 0..<500 { writer.value(Double(number) / 7) }
            writer.endArray()
            if round == 0 { held = writer.buffer.capacityBytes }
            let now = writer.buffer.capacityBytes
            #expect(now == held)
        }
    }
}
