import PylonHTTP
import Testing

@Suite struct BearerTokenTests {
    @Test(arguments: [
        ("Bearer abc", "abc"), ("bearer abc", "abc"), ("BEARER abc", "abc"), ("Bearer  abc ", "abc"),
        ("Bearer pylon_0f/+=.~-", "pylon_0f/+=.~-"), ("Bearer", nil), ("Bearer ", nil), ("Bearer   ", nil),
        ("Bearerabc", nil), ("Bearer\tabc", nil), ("Basic abc", nil), ("Bearer a b", nil), ("Bearer a,b", "a,b"),
        ("", nil), ("abc", nil), (" Bearer abc", nil), ("Bearer é", nil), ("Bearer a\u{0}", nil),
    ])
    func `only one word behind the scheme is a token`(_ value: String, _ token: String?) {
        #expect(BearerToken.extract(value) == token)
    }
}
