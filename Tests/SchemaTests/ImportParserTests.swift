import PylonJSON
import PylonSchema
import Testing

@Suite struct ImportParserTests {
    /// What a text in pieces comes to: `Entity 0 {…}` for each row, or the code and message it is refused with.
    private func outcome(of pieces: [[UInt8]]) -> [String] {
        var parser = ImportParser()
        var found: [String] = []
        do throws(ImportProblem) {
            for piece in pieces {
                try parser.feed(piece.span)
                found += parser.found.map {
                    "\($0.entity) \($0.index) \(String(decoding: $0.json.serialized(), as: UTF8.self))"
                }
            }
            try parser.finish()
        } catch {
            found.append("\(error.code.rawValue): \(error.message)")
        }
        return found
    }

    private static let export = #"""
         {"counts": {"A":2, "B]":0}, "entities" : {"A":[ {"x":"]}\"é"} , {"x":[1,{}]}, 7],
         "B":[],"Ä":[{}] }, "exported_at":"2026-05-01T10:00:00Z", "n":12 , "t":true}
        """#

    private static let rows = [#"A 0 {"x":"]}\"é"}"#, #"A 1 {"x":[1,{}]}"#, "A 2 7", "Ä 0 {}"]

    @Test func rowsComeInOrderWhereverThePiecesEnd() {
        let text = Array(Self.export.utf8)
        for split in 0...text.count {
            #expect(outcome(of: [Array(text[..<split]), Array(text[split...])]) == Self.rows, "split at \(split)")
        }
        #expect(outcome(of: text.map { [$0] }) == Self.rows)
    }

    @Test(
        arguments: [
            ("", "INVALID_JSON: unexpected end of text at byte 0"),
            ("[]", "INVALID_JSON: unexpected character '[' at byte 0"),
            (#"{"entities":{"A":[{}]}"#, "INVALID_JSON: unexpected end of text at byte 22"),
            (#"{"entities":{"A":[{}]}} x"#, "INVALID_JSON: unexpected character 'x' at byte 24"),
            (#"{"entities":{"A":[{},]}}"#, "INVALID_JSON: unexpected character ']' at byte 21"),
            (#"{"entities":{"A":[{"x":nul}]}}"#, "INVALID_JSON: unexpected character '}' at byte 26"),
            (#"{"entities":{,}}"#, "INVALID_JSON: unexpected character ',' at byte 13"),
            (#"{"entities":{"A":[{}],}}"#, "INVALID_JSON: unexpected character '}' at byte 22"),
            (#"{"entities":{"A" [{}]}}"#, "INVALID_JSON: unexpected character '[' at byte 17"),
            (#"{"counts":[1,,2],"entities":{}}"#, "INVALID_JSON: unexpected character ',' at byte 13"),
            (#"{"counts":{}}"#, #"MISSING_FIELD: the member "entities" is missing"#),
            (#"{"entities":[]}"#, #"INVALID_DATA: "entities" must be an object with an array of rows for each entity"#),
            (
                #"{"entities":{"A":{}}}"#,
                #"INVALID_DATA: "entities" must be an object with an array of rows for each entity"#
            ),
        ])
    func whatIsNoImportIsRefusedWithItsPlace(text: String, refusal: String) {
        #expect(outcome(of: [Array(text.utf8)]).last == refusal)
        #expect(outcome(of: text.utf8.map { [$0] }).last == refusal, "byte by byte")
    }

    @Test func aPlaceIsTheSameWhereverThePiecesEnd() {
        let deep = #"{"entities":{"A":[{"x":1},"# + String(repeating: "[", count: 200)
        #expect(outcome(of: deep.utf8.map { [$0] }).last == "INVALID_JSON: nested too deeply at byte 154")
        #expect(outcome(of: [Array(deep.utf8)]).last == "INVALID_JSON: nested too deeply at byte 154")
    }

    @Test func aRowHasALimit() {
        var parser = ImportParser()
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        var refusal: ImportProblem?
        do throws(ImportProblem) {
            try parser.feed(Array(#"{"entities":{"A":[""#.utf8).span)
            for _ in 0..<11 { try parser.feed(piece.span) }
        } catch {
            refusal = error
        }
        #expect(refusal?.code == .invalidJSON)
        #expect(refusal?.message.contains("text too large") == true)
    }
}
