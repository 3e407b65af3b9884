import PylonHTTP
import Testing

@Suite struct ForwardedForTests {
    @Test(arguments: [
        (["1.1.1.1"], 0, "9.9.9.9"), ([], 1, "9.9.9.9"), (["1.1.1.1"], 1, "1.1.1.1"), (["1.1.1.1"], 2, "9.9.9.9"),
        (["1.1.1.1, 2.2.2.2"], 1, "2.2.2.2"), (["1.1.1.1 ,\t2.2.2.2 "], 2, "1.1.1.1"),
        (["1.1.1.1, 2.2.2.2"], 3, "9.9.9.9"), (["1.1.1.1", "2.2.2.2"], 1, "2.2.2.2"),
        (["1.1.1.1", "2.2.2.2, 3.3.3.3"], 3, "1.1.1.1"), (["spoofed, 2.2.2.2"], 1, "2.2.2.2"),
        (["spoofed, 2.2.2.2"], 2, "9.9.9.9"), (["1.1.1.1,"], 1, "9.9.9.9"), ([""], 1, "9.9.9.9"),
        (["1.1.1.1:80"], 1, "9.9.9.9"), (["[::1]"], 1, "9.9.9.9"), (["2001:DB8::0:1"], 1, "2001:db8::1"),
        (["unknown"], 1, "9.9.9.9"), (["1.1.1.1"], -1, "9.9.9.9"),
    ])
    func `the address is counted from the right`(_ values: [String], _ hops: Int, _ expected: String) {
        #expect(ForwardedFor.clientAddress(values, hops: hops, peer: "9.9.9.9") == expected)
    }
}

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
