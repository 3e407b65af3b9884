import PylonJSON
import Testing

@Suite struct JSONParserTests {
    private func error(_ text: String, limits: JSONLimits = .standard) -> JSONParseError? {
        error(Array(text.utf8), limits: limits)
    }

    private func error(_ bytes: [UInt8], limits: JSONLimits = .standard) -> JSONParseError? {
        do {
            _ = try JSONParser.parse(bytes, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test func readsEveryKindOfValue() throws {
        let value = try JSONParser.parse(
            """
            { "a" : [ 1 , -2.5 , "x\\ty" , true , false , null , { } , [ ] ] ,
            \t"b":{"c":"\u{E9}\\u00e9\\ud83d\\ude00","":0} }
            """)
        let expected: JSONValue = [
            "a": [1, -2.5, "x\ty", true, false, nil, [:], []], "b": ["c": "\u{E9}\u{E9}\u{1F600}", "": 0],
        ]
        #expect(value == expected)
        #expect(value.object?.keys == ["a", "b"])
    }

    @Test func escapesAreRead() throws {
        let value = try JSONParser.parse(
            #""\"\\\/\b\f\n\r\t\u0041\u007f\u0080\u07FF\u0800\uFFFF\uD800\uDC00\udbff\udfff\u0000""#)
        #expect(
            value.string
                == "\"\\/\u{8}\u{C}\n\r\tA\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}\0")
    }

    @Test(arguments: [
        ("", JSONParseError(.unexpectedEnd, at: 0)), ("  ", JSONParseError(.unexpectedEnd, at: 2)),
        ("[1,]", JSONParseError(.unexpectedByte(0x5D), at: 3)), ("[1 2]", JSONParseError(.unexpectedByte(0x32), at: 3)),
        ("{\"a\" 1}", JSONParseError(.unexpectedByte(0x31), at: 5)),
        ("{a:1}", JSONParseError(.unexpectedByte(0x61), at: 1)),
        ("1 1", JSONParseError(.unexpectedByte(0x31), at: 2)), ("01", JSONParseError(.unexpectedByte(0x31), at: 1)),
        ("-", JSONParseError(.unexpectedEnd, at: 1)), ("1.", JSONParseError(.unexpectedEnd, at: 2)),
        ("1.e1", JSONParseError(.unexpectedByte(0x65), at: 2)), ("1e", JSONParseError(.unexpectedEnd, at: 2)),
        ("+1", JSONParseError(.unexpectedByte(0x2B), at: 0)), ("nul", JSONParseError(.unexpectedEnd, at: 3)),
        ("nulx", JSONParseError(.unexpectedByte(0x78), at: 3)), ("[1e999]", JSONParseError(.numberOutOfRange, at: 1)),
        ("\"a\\x\"", JSONParseError(.invalidEscape, at: 2)), ("\"a\\u12g4\"", JSONParseError(.invalidEscape, at: 2)),
        ("\"\\ud800\"", JSONParseError(.loneSurrogate, at: 1)),
        ("\"\\ud800\\n\"", JSONParseError(.loneSurrogate, at: 1)),
        ("\"\\udc00\"", JSONParseError(.loneSurrogate, at: 1)),
        ("\"\\ud800\\ud800\"", JSONParseError(.loneSurrogate, at: 1)),
        ("\"a\nb\"", JSONParseError(.controlCharacter, at: 2)), ("\"abc", JSONParseError(.unexpectedEnd, at: 4)),
        ("\"abcdefghijkl\u{0}\"", JSONParseError(.controlCharacter, at: 13)),
    ])
    func errorsSayWhatAndWhere(text: String, expected: JSONParseError) {
        #expect(error(text) == expected)
        #expect(!expected.description.isEmpty)
    }

    @Test func illFormedUTF8IsFoundWhereItIs() {
        let quote: [UInt8] = [0x22]
        for bad: [UInt8] in [
            [0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x80],
        ] {
            let bytes = quote + Array("abcdefghij\u{E9}".utf8) + bad + quote
            #expect(error(bytes)?.reason == .invalidUTF8)
            #expect((13...15).contains(error(bytes)?.offset ?? 0))
            let escaped = quote + Array("\\n\\u00e9".utf8) + bad + quote
            #expect(error(escaped)?.reason == .invalidUTF8)
            #expect((9...11).contains(error(escaped)?.offset ?? 0))
        }
        #expect(error([0xEF, 0xBB, 0xBF, 0x31]) == JSONParseError(.unexpectedByte(0xEF), at: 0))
    }

    @Test func depthIsLimited() throws {
        for depth in [1, 5, 128, JSONLimits.depthCeiling] {
            let limits = JSONLimits(depthMaximum: depth)
            for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
                let fits = String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
                let value = try JSONParser.parse(fits, limits: limits)
                #expect(try JSONParser.parse(value.serialized(), limits: limits) == value)
                let deeper =
                    String(repeating: open, count: depth + 1) + "1" + String(repeating: close, count: depth + 1)
                #expect(error(deeper, limits: limits) == JSONParseError(.tooDeep, at: depth * open.utf8.count))
            }
        }
        #expect(try JSONParser.parse("1", limits: JSONLimits(depthMaximum: 0)) == 1)
        #expect(error("[]", limits: JSONLimits(depthMaximum: 0)) == JSONParseError(.tooDeep, at: 0))
        // What was closed does not count.
        #expect(try JSONParser.parse("[[],[],{}]", limits: JSONLimits(depthMaximum: 2)).array?.count == 3)
    }

    @Test func sizeIsLimited() throws {
        let limits = JSONLimits(byteCountMaximum: 10)
        #expect(try JSONParser.parse("[12345678]", limits: limits) == [12_345_678])
        #expect(error("[123456789]", limits: limits) == JSONParseError(.tooLarge, at: 10))
        #expect(error("[1]        ", limits: limits) == JSONParseError(.tooLarge, at: 10))
    }

    @Test func theLastOfEqualKeysWinsOrTheTextIsRefused() throws {
        let text = #"{"a":1,"b":2,"\u0061":3,"c":4}"#
        let value = try JSONParser.parse(text)
        #expect(value.object?.keys == ["a", "b", "c"])
        #expect(value["a"]?.int == 3)
        let strict = JSONLimits(duplicateKeys: .refused)
        #expect(error(text, limits: strict) == JSONParseError(.duplicateKey, at: 13))
        #expect(try JSONParser.parse(#"{"a":{"a":1},"b":{"a":1}}"#, limits: strict).object?.count == 2)
    }

    @Test(arguments: [1, 15, 16, 17, 18, 33, 1000])
    func equalKeysAreFoundInObjectsOfAnySize(count: Int) throws {
        for repeated in [0, count / 2, count - 1] {
            let members = (0..<count).map { "\"key\($0)\":\($0)" } + ["\"key\(repeated)\":-1", "\"last\":0"]
            let text = "[7,{" + members.joined(separator: ",") + "}]"
            let object = try #require(try JSONParser.parse(text)[1]?.object)
            #expect(object.count == count + 1)
            for number in 0..<count { #expect(object["key\(number)"]?.int == (number == repeated ? -1 : number)) }
            #expect(error(text, limits: JSONLimits(duplicateKeys: .refused))?.reason == .duplicateKey)
        }
    }

    @Test func nestedLargeObjectsKeepTheirMembersApart() throws {
        func object(_ depth: Int) -> String {
            let members = (0..<20).map { "\"k\($0)\":" + (depth > 0 && $0 % 10 == 3 ? object(depth - 1) : "\($0)") }
            return "{" + members.joined(separator: ",") + "}"
        }
        let text = object(3)
        let value = try JSONParser.parse(text)
        #expect(value.text == text)
        #expect(value["k3"]?["k13"]?["k3"]?["k19"]?.int == 19)
    }

    @Test func aHundredThousandMembersAreReadInOneGo() throws {
        let text = "{" + (0..<100_000).map { "\"member\($0)\":\($0)" }.joined(separator: ",") + "}"
        let clock = ContinuousClock()
        let start = clock.now
        let object = try #require(try JSONParser.parse(text).object)
        #expect(object.count == 100_000)
        #expect(object["member99999"]?.int == 99_999)
        // Quadratic behaviour would take minutes.
        #expect(clock.now - start < .seconds(20))
    }

    @Test func aTextCutAnywhereIsRefused() throws {
        let text = #"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00é😀",true,false,null,{}],"b":{"c":[]},"d":"\\"}"#
        let bytes = Array(text.utf8)
        _ = try JSONParser.parse(bytes)
        for length in 0..<bytes.count {
            let reason = error(Array(bytes[..<length]))?.reason
            #expect(reason == .unexpectedEnd, "cut to \(length) bytes")
        }
    }

    @Test func aChangedByteNeverCrashes() {
        let bytes = Array(#"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00é😀",true,false,null,{}],"b":{"c":[]},"a":"\\"}"#.utf8)
        for index in bytes.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = bytes
                changed[index] = byte
                if let error = error(changed) { #expect((0...bytes.count).contains(error.offset)) }
            }
        }
    }
}

@Suite struct JSONStreamParserTests {
    private let text = #"{"a":[1,-2.5e3,"x\u00e9\"]}😀",true],"b":{"c":[]}}"#

    @Test func piecesOfAnySizeMakeTheSameValue() throws {
        let bytes = Array(text.utf8)
        let whole = try JSONParser.parse(bytes)
        var parser = JSONStreamParser()
        for size in 1...bytes.count {
            for start in stride(from: 0, to: bytes.count, by: size) {
                try parser.feed(Array(bytes[start..<min(start + size, bytes.count)]).span)
            }
            let value = try parser.finish()
            #expect(value == whole)
        }
    }

    private func refusal(_ pieces: [String], _ limits: JSONLimits = .standard) -> JSONParseError? {
        var parser = JSONStreamParser(limits: limits)
        do {
            for piece in pieces { try parser.feed(Array(piece.utf8).span) }
            _ = try parser.finish()
            return nil
        } catch {
            return error
        }
    }

    @Test func limitsHoldBeforeTheEnd() {
        let limits = JSONLimits(depthMaximum: 3, byteCountMaximum: 10)
        #expect(refusal(["[[", "[[xxxx"], limits) == JSONParseError(.tooDeep, at: 3))
        #expect(refusal(["123456", "78901"], limits) == JSONParseError(.tooLarge, at: 10))
        #expect(refusal(["\"[[[[", "[\""], limits) == nil)
        #expect(refusal(["[]", "]x"]) == JSONParseError(.unexpectedByte(0x5D), at: 2))
        #expect(refusal(["[1", ""]) == JSONParseError(.unexpectedEnd, at: 2))
        #expect(refusal([]) == JSONParseError(.unexpectedEnd, at: 0))
    }
}
