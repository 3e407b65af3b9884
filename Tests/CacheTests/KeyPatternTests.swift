import Testing

@testable import PylonCache

@Suite struct KeyPatternTests {
    @Test(arguments: [
        ("*", "", true), ("*", "abc", true), ("", "", true), ("", "a", false), ("a", "a", true), ("a", "b", false),
        ("?", "é", true), ("?", "", false), ("a*c", "abbc", true), ("a*c", "abb", false), ("a*b*c", "aXbYbZc", true),
        ("*b", "abab", true), ("*?b", "b", false), ("user:*:name", "user:7:name", true), ("[a]", "a", false),
        ("**", "x", true), ("a*", "ba", false),
    ])
    func aPatternFits(pattern: String, text: String, fits: Bool) {
        #expect(KeyPattern(pattern).matches(text) == fits)
    }

    @Test func manyStarsAreNoTrap() {
        let pattern = KeyPattern(String(repeating: "*a", count: 128) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 4096)))
    }
}
