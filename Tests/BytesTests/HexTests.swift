import Testing

@testable import PylonBytes

@Suite struct HexTests {
    @Test func everyByteComesBack() {
        let bytes = [UInt8](UInt8.min...UInt8.max)
        #expect(Hex.decode(Hex.encode(bytes)) == bytes)
        #expect(Hex.decode(Hex.encode(bytes).uppercased()) == bytes)
        #expect(Hex.encode([0x00, 0x0F, 0xF0, 0xAB]) == "000ff0ab")
        #expect(Hex.encode([]) == "")
    }

    @Test func onlyDigitsHaveAValue() {
        for byte in UInt8.min...UInt8.max {
            let expected = byte < 0x80 ? Character(Unicode.Scalar(byte)).hexDigitValue : nil
            #expect(Hex.value(byte).map(Int.init) == expected)
        }
    }

    @Test(arguments: ["0", "abc", "0g", "g0", " 0", "0x", "é"])
    func anythingElseIsRefused(text: String) {
        #expect(Hex.decode(text) == nil)
    }
}
