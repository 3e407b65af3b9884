import PylonJSON
import Testing

@Suite struct JSONValueBoundaryTests {
    private static let values = [
        #"{"a":[1,{"b":"}]\"\\"}],"c":null}"#, "[]", "{}", #""""#, #""a\\""#, #""\"]""#, "[[[]]]", "1", "-1.5e3",
        "true",
        "null",
    ]

    /// The length found when the text comes in two pieces.
    private func end(of text: [UInt8], splitAt split: Int) -> Int? {
        var boundary = JSONValueBoundary()
        if let end = boundary.end(in: text.span.extracting(0..<split)) { return end }
        return boundary.end(in: text.span.extracting(split...)).map { split + $0 }
    }

    @Test(arguments: values, [",", "]", "}", " ", "\n"])
    func endsWhereTheValueDoesWhereverThePiecesEnd(value: String, follower: String) {
        let text = Array((value + follower + "1").utf8)
        for split in 0...text.count {
            #expect(end(of: text, splitAt: split) == value.utf8.count, "\(value) split at \(split)")
        }
    }

    @Test(arguments: [#"{"a":1"#, #""abc"#, "[1,2", "12", #""a\"#])
    func waitsForTheRest(value: String) {
        var boundary = JSONValueBoundary()
        #expect(boundary.end(in: Array(value.utf8).span) == nil)
    }

    @Test func aStrayBracketIsAValueThatNoParserTakes() {
        var boundary = JSONValueBoundary()
        #expect(boundary.end(in: Array("]}".utf8).span) == 1)
    }
}
