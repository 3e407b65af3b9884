import PylonBytes
import PylonCrypto
import Testing

@Suite struct SHA256Tests {
    /// FIPS 180-4's examples (NIST CSRC, "SHA256.pdf") and the digest of nothing.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ]) func isAsPublished(text: String, digest: String) {
        #expect(Hex.encode(SHA256.hash(text).bytes) == digest)
        #expect(SHA256.hash(text) == SHA256.hash(Array(text.utf8)))
    }

    @Test func aMillionBytesAreHashedWhole() {
        let digest = SHA256.hash([UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000))
        #expect(Hex.encode(digest.bytes) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test func aDigestComesBackFromItsBytes() {
        let digest = SHA256.hash("abc")
        #expect(SHA256.Digest(digest.bytes) == digest)
        #expect(SHA256.Digest(Array(digest.bytes.dropLast())) == nil)
        #expect(SHA256.Digest(digest.bytes + [0]) == nil)
    }

    @Test func everyBitCounts() {
        let bytes = SHA256.hash("abc").bytes
        for bit in 0..<256 {
            var other = bytes
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(SHA256.Digest(other) != SHA256.Digest(bytes))
        }
    }
}

@Suite struct ConstantTimeTests {
    @Test func onlyTheSameBytesAreEqual() {
        #expect(ConstantTime.areEqual([], []))
        #expect(ConstantTime.areEqual([1, 2, 3], [1, 2, 3]))
        #expect(!ConstantTime.areEqual([1, 2, 3], [1, 2]))
        #expect(!ConstantTime.areEqual([1, 2], [1, 2, 3]))
        for index in 0..<3 {
            var other: [UInt8] = [1, 2, 3]
            other[index] ^= 0x80
            #expect(!ConstantTime.areEqual([1, 2, 3], other))
        }
    }
}
