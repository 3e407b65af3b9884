import PylonSchema
import Testing

@Suite struct SearchTextParserTests {
    private func parse(_ text: String) throws -> SearchExpression {
        try SearchTextParser.parse(text, fields: ["title", "Body"], key: "query")
    }

    private static func word(_ text: String) -> SearchExpression { .phrase(SearchPhrase([text])) }

    @Test(arguments: [
        "don't", "c++", "a@b.example", "12:30", "http://x.example/y?z=1", "19\"", "well-known", "note:buy", "C#", "50%",
    ])
    func wordsStandForThemselvesWhateverIsInThem(_ text: String) throws {
        #expect(try parse(text) == Self.word(text))
        #expect(try parse("red \(text) shoes") == .all([Self.word("red"), Self.word(text), Self.word("shoes")]))
    }

    @Test(arguments: [
        "rock & roll", "rock - roll", "rock * roll", "rock ... roll", "rock : roll", "rock ^ roll", "{ rock } roll",
        "+rock roll",
    ])
    func punctuationAloneIsNoWord(_ text: String) throws {
        let found = try parse(text)
        #expect(found == .all([Self.word(text.hasPrefix("+") ? "+rock" : "rock"), Self.word("roll")]))
    }

    @Test func aTextWithoutWordsFindsNothing() throws {
        for text in ["&", "!!! ???", "(-)", "\"\"", "& OR -", "*", "🙂"] {
            #expect(try parse(text) == .nothing, "\(text)")
        }
        #expect(try parse("red NOT &") == Self.word("red"))
        #expect(try parse("& NOT red") == .nothing)
    }

    @Test func operatorsMeanWhatTheyMeanInFTS5() throws {
        let (a, b, c) = (Self.word("a"), Self.word("b"), Self.word("c"))
        #expect(try parse("a b") == .all([a, b]))
        #expect(try parse("a AND b") == .all([a, b]))
        #expect(try parse("a OR b c") == .any([a, .all([b, c])]))
        #expect(try parse("a AND b OR c") == .any([.all([a, b]), c]))
        #expect(try parse("a OR b AND c") == .any([a, .all([b, c])]))
        #expect(try parse("a AND (b OR c)") == .all([a, .any([b, c])]))
        #expect(try parse("a(b OR c)") == .all([a, .any([b, c])]))
        #expect(try parse("a b NOT c") == .except(.all([a, b]), c))
        #expect(try parse("a NOT b NOT c") == .except(a, .any([b, c])))
        #expect(try parse("a AND b NOT c") == .all([a, .except(b, c)]))
        #expect(
            try parse("ANDROID OReilly and or not") == .all(["ANDROID", "OReilly", "and", "or", "not"].map(Self.word)))
    }

    @Test func phrasesAreRead() throws {
        #expect(try parse(#""red shoes""#) == Self.word("red shoes"))
        #expect(try parse(#""say ""hi"" now""#) == Self.word(#"say "hi" now"#))
        #expect(try parse("sho*") == .phrase(SearchPhrase(["sho"], isPrefix: true)))
        #expect(try parse(#""red sho"*"#) == .phrase(SearchPhrase(["red sho"], isPrefix: true)))
        #expect(try parse("^red") == .phrase(SearchPhrase(["red"], isInitial: true)))
        #expect(
            try parse(#"red + "two words" + sho*"#)
                == .phrase(SearchPhrase(["red", "two words", "sho"], isPrefix: true)))
        #expect(try parse("one + & + two") == .phrase(SearchPhrase(["one", "two"])))
        #expect(try parse(#"a AND"b""#) == .all([Self.word("a"), Self.word("b")]))
    }

    @Test func nearnessIsRead() throws {
        let phrases = [SearchPhrase(["a"]), SearchPhrase(["b c"])]
        #expect(try parse(#"NEAR(a "b c", 5)"#) == .near(phrases, distance: 5))
        #expect(try parse(#"NEAR(a "b c")"#) == .near(phrases, distance: 10))
        #expect(try parse("NEAR(&)") == .nothing)
        #expect(try parse("NEAR a") == .all([Self.word("NEAR"), Self.word("a")]))
    }

    @Test func onlyFieldsAreFieldFilters() throws {
        let red = Self.word("red")
        #expect(try parse("title:red") == .within(["title"], red))
        #expect(try parse("body : red blue") == .all([.within(["Body"], red), Self.word("blue")]))
        #expect(try parse("\"title\": red") == .within(["title"], red))
        #expect(try parse("{title body}: red") == .within(["title", "Body"], red))
        #expect(try parse("-title: red") == .within(["Body"], red))
        #expect(try parse("- {title body}: red") == .nothing)
        #expect(try parse("title: (red OR blue)") == .within(["title"], .any([red, Self.word("blue")])))
        #expect(try parse("secret: red") == .all([Self.word("secret:"), red]))
        #expect(try parse("{title secret}: red") == .all([Self.word("{title"), Self.word("secret}:"), red]))
    }

    @Test(
        arguments: [
            ("\"red", "a quotation mark"), ("(red", "a \"(\" without"), ("red)", "a \")\" without"),
            (")", "lacks a word"),
            ("()", "lacks a word"), ("red AND", "lacks a word behind"), ("OR red", "lacks a word before"),
            ("red OR OR blue", "lacks a word before"), ("NOT red", "lacks a word before"),
            ("red AND )", "lacks a word"),
            ("title:", "lacks a word behind a \":\""), ("title: OR red", "lacks a word behind a \":\""),
            ("NEAR(a", "a NEAR without"),
            ("NEAR(a, x)", "a NEAR that does not end"), ("NEAR(a, 99999999999)", "a NEAR that does not end"),
            ("NEAR(a (b))", "a NEAR without"), ("", "lacks a word"),
        ])
    func defect33WhatWasBegunAndNotFinishedIsRefused(_ text: String, _ message: String) throws {
        let problem = try #require(throws: QueryProblem.self) { try parse(text) }
        #expect(problem.code == .invalidQuery)
        #expect(problem.path.text == "query")
        #expect(problem.message.contains(message), "\(problem)")
    }

    @Test func depthIsLimited() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "(", count: depth) + "a" + String(repeating: ")", count: depth)
        }
        #expect(try parse(nested(SearchTextParser.depthMaximum)) == Self.word("a"))
        let problem = try #require(throws: QueryProblem.self) { try parse(nested(SearchTextParser.depthMaximum + 1)) }
        #expect(problem.exceedsLimit)
    }
}
