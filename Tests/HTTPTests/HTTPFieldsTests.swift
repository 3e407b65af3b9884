import PylonHTTP
import Testing

@Suite struct HTTPFieldsTests {
    @Test func `names are tokens and compare without case`() {
        #expect(HTTPFieldName("X-Y") == "x-y")
        #expect(HTTPFieldName("X-Y") != "x-z")
        #expect(Set<HTTPFieldName>(["A", "a", "B"]).count == 2)
        for bad in ["", " ", "a b", "a:", "a\r\n", "é", "a\0", "(a)"] { #expect(HTTPFieldName(bad) == nil) }
    }

    @Test func `a field can be set, repeated and removed`() {
        var fields: HTTPFields = ["Set-Cookie": "a", "X": "y"]
        fields.append("set-cookie", "b")
        #expect(fields.lines.map(\.value) == ["a", "y", "b"])
        #expect(fields[.setCookie] == "a")
        fields[.setCookie] = "c"
        #expect(fields.lines.map(\.value) == ["y", "c"])
        fields["x"] = nil
        #expect(fields.lines.map(\.value) == ["c"])
        #expect(HTTPFields().isEmpty)
    }

    @Test func `a value cannot end its line`() {
        #expect(HTTPFields.sanitized("a\r\nSet-Cookie: b\0\n") == "a  Set-Cookie: b  ")
        #expect(HTTPFields.sanitized("é\t b") == "é\t b")
    }

    #if DEBUG
    @Test(arguments: ["a\rb", "a\nb", "a\0"])
    func `an injected line traps in debug builds`(_ value: String) async {
        await #expect(processExitsWith: .failure) { [value] in
            var fields = HTTPFields()
            fields.append("X", value)
        }
    }
    #else
    @Test func `an injected line becomes blanks in release builds`() {
        let fields: HTTPFields = ["X": "a\r\nY: b"]
        #expect(fields["X"] == "a  Y: b")
    }
    #endif
}
