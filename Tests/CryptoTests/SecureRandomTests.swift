import PylonCrypto
import Testing

@Suite struct SecureRandomTests {
    @Test(arguments: [0, 1, 32, 256]) func asManyBytesComeAsWereAskedFor(count: Int) {
        #expect(SecureRandom.bytes(count).count == count)
        #expect(SecureRandom.hex(count).utf8.count == 2 * count)
    }

    @Test func numbersDiffer() {
        #expect(Set((0..<100).map { _ in SecureRandom.number() }).count == 100)
    }
}
