import Testing

@testable import PylonWebSocket

@Suite struct ExtensionListTests {
    private typealias Element = ExtensionList.Element

    private static func elements(_ values: String...) -> [Element]? {
        ExtensionList(headerValues: values)?.elements
    }

    private static func element(_ name: String, _ parameters: (String, String?)...) -> Element {
        Element(name: name, parameters: parameters.map { ExtensionList.Parameter(name: $0.0, value: $0.1) })
    }

    @Test func `names, parameters and values are read in order`() {
        #expect(Self.elements("a") == [Self.element("a")])
        #expect(Self.elements("a, b", "c") == [Self.element("a"), Self.element("b"), Self.element("c")])
        #expect(
            Self.elements("a; x; y=1, a; z=\"2\"")
                == [Self.element("a", ("x", nil), ("y", "1")), Self.element("a", ("z", "2"))])
    }

    @Test func `space is allowed around everything, and nothing between commas`() {
        let expected = [Self.element("a", ("x", "1")), Self.element("b")]
        #expect(Self.elements(" ,\t,a ;\tx = 1 ,, b\t,") == expected)
        #expect(Self.elements("a;x=1,b") == expected)
        #expect(Self.elements("") == [] && Self.elements(" , ,") == [] && Self.elements() == [])
    }

    @Test func `quotes and backslashes vanish`() {
        #expect(Self.elements("a; x=\"1\\5\" ; y") == [Self.element("a", ("x", "15"), ("y", nil))])
    }

    @Test(arguments: [
        ";", "=", "a b", "a;", "a; ;b", "a; x=", "a; x=,", "a; =1", "a=1", "a; x=1=2", "a; x=\"", "a; x=\"1",
        "a; x=\"\"",
        "a; x=\"1 2\"", "a; x=\"1\"2", "a; x=\"1\\", "a; x=\"1\\\"", "a; x=\"1\\ \"", "\"a\"", "a/b", "ä", "a\r\nb",
        "a\0",
        "a; x=\"\\\"\"", "a, b c", "(a)", "a; x=[1]",
    ]) func `what is malformed gives no list at all`(_ value: String) {
        #expect(Self.elements(value) == nil)
        #expect(Self.elements("fine", value) == nil)
        #expect(Self.elements("fine, " + value) == nil)
    }

    @Test func `the fields have a limit together`() {
        let half = String(repeating: "a", count: ExtensionList.bytesMaximum / 2)
        #expect(Self.elements(half, half)?.count == 2)
        #expect(Self.elements(half, half + "a") == nil)
    }
}
