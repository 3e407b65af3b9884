import PylonPolicy
import Testing

@Suite struct PolicyParserTests {
    private func refusal(of text: String) -> PolicyParseError? {
        do throws(PolicyParseError) {
            _ = try PolicyExpression(parsing: text)
            return nil
        } catch {
            return error
        }
    }

    /// Texts and what is printed of them.
    @Test(arguments: [
        ("true", "true"), ("false", "false"), ("null", "null"), ("'a'", "\"a\""), ("data.a", "data.a"),
        (" \t\r\ntrue\n", "true"), ("a", "a"), ("_", "_"), ("a.b.", "a.b."), ("a..b", "a..b"), ("true.x", "true.x"),
        ("nullable", "nullable"), ("a && b && c", "a && b && c"), ("a&&b||c", "a && b || c"),
        ("a && (b || c)", "a && (b || c)"), ("(a && b) || c", "a && b || c"), ("(a && b) && c", "(a && b) && c"),
        ("a || (b || c)", "a || (b || c)"), ("!a == b", "!a == b"), ("!(a == b)", "!(a == b)"), ("!!a", "!!a"),
        ("(a == b)", "a == b"), ("((a)) == b", "(a) == b"), ("(a == b) != false", "(a == b) != false"),
        ("(a || b) == true", "(a || b) == true"), ("(true) == a", "true == a"), ("null == a", "null == a"),
        ("'x' != null", "\"x\" != null"), ("auth.hasRole('r')", "auth.hasRole(\"r\")"),
        ("auth.hasRole ( 'r' ) == true", "auth.hasRole(\"r\") == true"),
        ("auth.hasAnyRole('r')", "auth.hasRole(\"r\")"), ("auth.hasAnyRole('a','b')", "auth.hasAnyRole(\"a\", \"b\")"),
        ("auth.hasAnyRole('a','b',)", "auth.hasAnyRole(\"a\", \"b\")"), ("auth.hasRole == a", "auth.hasRole == a"),
        ("a == auth.hasRole", "a == auth.hasRole"),
    ])
    func `texts of the grammar are read`(_ text: String, _ printed: String) throws {
        #expect(try PolicyExpression(parsing: text).description == printed)
    }

    @Test(arguments: [
        (#""\\ \" \' \n \r \t \0""#, "\\ \" ' \n \r \t \0"), ("'it\"s'", "it\"s"), ("\"it's\"", "it's"), ("''", ""),
        ("'naïve 日本 🎲'", "naïve 日本 🎲"), ("'two\nlines'", "two\nlines"), ("'&& || == ('", "&& || == ("),
    ])
    func `strings keep what is in them`(_ text: String, _ value: String) throws {
        #expect(try PolicyExpression(parsing: text) == .value(.text(value)))
    }

    /// Texts, the byte of the error, and a part of its message.
    @Test(arguments: [
        ("", 0, "expected a value, ! or (, found the end of the rule"), ("  ", 2, "found the end of the rule"),
        ("a &&", 4, "found the end of the rule"), ("a ||| b", 4, "a single |"), ("a & b", 2, "write &&"),
        ("a | b", 2, "write ||"), ("a = b", 2, "write =="), ("a === b", 4, "a single ="),
        ("a == b == c", 7, "comparisons do not chain"), ("a != b != c", 7, "comparisons do not chain"),
        ("a == b c", 7, "expected &&, || or the end of the rule, found c"), ("a b", 2, "found b"),
        ("a == (b)", 5, "expected a string, true, false, null or a path after ==, found ("),
        ("a == !b", 5, "after ==, found !"), ("a == auth.hasRole('x')", 17, "found ("), ("f('x')", 1, "found ("),
        ("== a", 0, "expected a value, ! or (, found =="), ("(a", 2, "expected &&, || or ), found the end of the rule"),
        ("a)", 1, "found )"), ("()", 1, "found )"), ("data.count == 5", 14, "write numbers as strings: \"5\""),
        ("a == -1", 5, "write numbers as strings"), ("a < b", 2, "'<' is not part of the language; there are only =="),
        ("a in ['x']", 2, "found in"), ("a == ['x']", 5, "joined by ||"), ("a + b", 2, "'+' is not part"),
        ("é", 0, "'é' is not part of the language"), ("'a", 0, "no closing quote"), ("'a\\", 0, "no closing quote"),
        ("'a\\'", 0, "no closing quote"), ("a == 'b\"", 5, "no closing quote"), (#"'a\x'"#, 2, #"unknown escape \x"#),
        (#"'\é'"#, 1, #"unknown escape \é"#), ("auth.hasRole()", 13, "expected a role in quotes, found )"),
        ("auth.hasRole(a)", 13, "a role in quotes"), ("auth.hasRole('a','b')", 16, ") after the one role"),
        ("auth.hasAnyRole()", 16, "a role in quotes"), ("auth.hasAnyRole(,)", 16, "a role in quotes"),
        ("auth.hasAnyRole('a' 'b')", 20, "expected , or ), found \"b\""),
        ("auth.hasAnyRole('a',,)", 20, "a role in quotes"), ("!", 1, "found the end of the rule"),
        ("a \u{0}", 2, "is not part of the language"),
    ])
    func `everything else is refused at its place`(_ text: String, _ offset: Int, _ message: String) throws {
        let error = try #require(refusal(of: text))
        #expect(error.offset == offset)
        #expect(error.message.contains(message), "\(error.message)")
    }

    @Test func errorsCountLinesAndColumns() throws {
        let first = try #require(refusal(of: "a == 'é' ?"))
        #expect((first.line, first.column, first.offset) == (1, 10, 10))
        let third = try #require(refusal(of: "a ==\n'日本' &&\n  ?"))
        #expect((third.line, third.column) == (3, 3))
        #expect(third.description.hasPrefix("line 3, column 3: "))
        let end = try #require(refusal(of: "a &&\n"))
        #expect((end.line, end.column, end.offset) == (2, 1, 5))
    }

    @Test func nestingIsLimited() throws {
        func parentheses(_ count: Int) -> String {
            String(repeating: "(", count: count) + "data.a" + String(repeating: ")", count: count)
        }
        #expect(refusal(of: parentheses(31)) == nil)
        #expect(try #require(refusal(of: parentheses(32))).reason == .tooDeep)
        #expect(try #require(refusal(of: parentheses(32))).offset == 31)
        #expect(refusal(of: String(repeating: "!", count: 62) + "a") == nil)
        #expect(try #require(refusal(of: String(repeating: "!", count: 63) + "a")).reason == .tooDeep)
        // What is closed again costs nothing.
        #expect(refusal(of: Array(repeating: parentheses(31), count: 40).joined(separator: " && ")) == nil)
    }

    @Test(arguments: ["(", "!", "!(", "(!", "a == (", "a && (", "'"])
    func `bombs are refused without deep recursion`(_ part: String) {
        for count in [PolicyParser.byteCountMaximum / part.utf8.count, 100_000] {
            #expect(refusal(of: String(repeating: part, count: count)) != nil)
        }
    }

    @Test func lengthIsLimited() throws {
        let longest = "a == '" + String(repeating: "x", count: PolicyParser.byteCountMaximum - 7) + "'"
        #expect(longest.utf8.count == PolicyParser.byteCountMaximum)
        #expect(refusal(of: longest) == nil)
        #expect(try #require(refusal(of: longest + " ")).reason == .tooLong)
        // Many parts beside each other are no nesting.
        #expect(refusal(of: Array(repeating: "a", count: 1600).joined(separator: " || ")) == nil)
    }

    @Test func pathsAreSortedByTheirRoot() throws {
        func root(_ text: String) throws -> PolicyPath.Root? {
            try PolicyExpression(parsing: text).paths.first?.root
        }
        #expect(try root("auth.userId") == .userID)
        #expect(try root("auth.user_id") == .userID)
        #expect(try root("auth.tenant_id") == .tenantID)
        #expect(try root("auth.isAdmin") == .isAdmin)
        #expect(try root("auth.is_guest") == .isGuest)
        #expect(try root("data.a.b") == .data(["a", "b"]))
        #expect(try root("data.") == .data([""]))
        #expect(try root("input.a") == .input(["a"]))
        for text in ["auth", "auth.userid", "auth.userId.x", "data", "input", "Data.a", "hasRole"] {
            #expect(try root(text) == .unknown)
        }
    }
}
