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

@Suite struct IPAddressTests {
    @Test(arguments: [
        ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("127.0.0.1", "127.0.0.1"), ("::", "::"),
        ("::1", "::1"), ("1::", "1::"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1::8", "1::8"),
        ("0:0:1:0:0:0:1:0", "0:0:1::1:0"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:0:2:0:3:0:4:0", "1:0:2:0:3:0:4:0"),
        ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("00ff::", "ff::"), ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
        ("::1.2.3.4", "::102:304"), ("1:2:3:4:5:6:7.8.9.10", "1:2:3:4:5:6:708:90a"),
        ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ])
    func `an address has one spelling`(_ text: String, _ canonical: String) {
        let address = IPAddress(text)
        #expect(address?.description == canonical)
        #expect(IPAddress(canonical) == address)
    }

    @Test(arguments: [
        "", ":", ":::", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1..2.3", "1.2.3.4 ",
        " 1.2.3.4",
        "a.b.c.d", "1.2.3.4/8", "0x1.2.3.4", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1::",
        "1:::2",
        "12345::", "g::", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "::1%eth0", "[::1]", "1.2.3.4::", "::1.2.3",
        "::1.2.3.4:5",
        "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:1.2.3.4", "::1:", "1::2:3:4:5:6:7:8", "1000.0.0.1", "::1.2.3.4.5",
        "-1.2.3.4",
    ])
    func `what is no address is refused`(_ text: String) {
        #expect(IPAddress(text) == nil)
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
