import Testing

@testable import PylonBytes

@Suite struct PercentCodingTests {
    @Test(arguments: [
        ("", ""), ("plain", "plain"), ("a%20b", "a b"), ("%41%5a%5A", "AZZ"), ("%C3%A9", "é"), ("é", "é"),
        ("a+b", "a+b"),
        ("%2525", "%25"), ("%00", "\0"), ("%f0%9f%98%80", "😀"),
    ])
    func escapesAreRead(text: String, plain: String) {
        #expect(PercentCoding.decode(text) == plain)
    }

    @Test func plusIsASpaceOnlyWhenAsked() {
        #expect(PercentCoding.decode("a+b%2Bc", plusAsSpace: true) == "a b+c")
        #expect(PercentCoding.decode("a+b%2Bc") == "a+b+c")
    }

    @Test(arguments: [
        "%", "%4", "a%", "a%4", "%zz", "%4g", "%%41", "%C3", "%C3%28", "%ED%A0%80", "%C0%AF", "%+1", "%F5%80%80%80",
    ])
    func brokenEscapesAndTextsAreRefused(text: String) {
        #expect(PercentCoding.decode(text) == nil)
        #expect(PercentCoding.decode(text, plusAsSpace: true) == nil)
    }

    @Test func rawBytesThatAreNotUTF8AreRefused() {
        let decoded = PercentCoding.decode([0x61, 0xFF].span)
        #expect(decoded == nil)
    }

    @Test func onlyUnreservedCharactersStandForThemselves() {
        #expect(PercentCoding.encode("AZaz09-._~") == "AZaz09-._~")
        #expect(PercentCoding.encode("a b/c?d=é&+%") == "a%20b%2Fc%3Fd%3D%C3%A9%26%2B%25")
        #expect(PercentCoding.encode("") == "")
    }

    @Test func everyScalarOfTheFirstPlaneComesBack() {
        for value in stride(from: UInt32(0), to: 0x1_1000, by: 7) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = "x\(Character(scalar))y"
            #expect(PercentCoding.decode(PercentCoding.encode(text)) == text)
        }
    }

    @Test func longTextsLeaveTheStack() {
        let text = String(repeating: "ü ", count: 5000)
        #expect(PercentCoding.decode(PercentCoding.encode(text)) == text)
    }
}
