import PylonJSON
import Testing

@Suite struct JSONTestSuiteTests {
    @Test func everyVectorIsThere() {
        #expect(VectorFiles.names("y_").count == 95)
        #expect(VectorFiles.names("n_").count == 188)
        #expect(VectorFiles.names("i_").count == 35)
    }

    @Test(arguments: VectorFiles.names("y_"))
    func validTextsAreReadAndComeBack(name: String) throws {
        let bytes = try #require(VectorFiles.contents(name))
        let value = try JSONParser.parse(bytes)
        #expect(try JSONParser.parse(value.serialized()) == value)
        #expect(throws: JSONParseError.self) { try JSONParser.parse(bytes + [0x00]) }
        #expect(try JSONParser.parse([0x0A, 0x20] + bytes + [0x09, 0x0D]) == value)
    }

    @Test(arguments: VectorFiles.names("n_"))
    func invalidTextsAreRefused(name: String) throws {
        let bytes = try #require(VectorFiles.contents(name))
        let error = #expect(throws: JSONParseError.self) { try JSONParser.parse(bytes) }
        #expect((0...bytes.count).contains(try #require(error).offset))
    }

    @Test(arguments: VectorFiles.names("i_"))
    func doubtfulTextsDoNoHarm(name: String) throws {
        let bytes = try #require(VectorFiles.contents(name))
        do {
            let value = try JSONParser.parse(bytes)
            #expect(try JSONParser.parse(value.serialized()) == value)
        } catch {
            #expect((0...bytes.count).contains(error.offset))
        }
    }

    /// Where RFC 8259 leaves a choice, this parser's is strict.
    @Test(arguments: VectorFiles.names("i_"))
    func doubtsAreResolvedStrictly(name: String) throws {
        let accepted = [
            "i_number_double_huge_neg_exp.json", "i_number_real_underflow.json", "i_number_too_big_neg_int.json",
            "i_number_too_big_pos_int.json", "i_number_very_big_negative_int.json",
        ]
        let bytes = try #require(VectorFiles.contents(name))
        #expect(((try? JSONParser.parse(bytes)) != nil) == accepted.contains(name))
    }
}
