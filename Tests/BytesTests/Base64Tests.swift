import Testing

@testable import PylonBytes

@Suite struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func vectorsOfTheSpecification(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
        let unpadded = String(encoded.prefix { $0 != "=" })
        #expect(Base64.encode(Array(plain.utf8), as: .urlSafe) == unpadded)
        #expect(Base64.decode(unpadded, as: .urlSafe) == Array(plain.utf8))
        #expect(Base64.decode(encoded, as: .urlSafePadded) == Array(plain.utf8))
    }

    @Test func alphabetsDifferInTwoCharacters() {
        let bytes: [UInt8] = [0xFB, 0xEF, 0xFF]
        #expect(Base64.encode(bytes) == "++//")
        #expect(Base64.encode(bytes, as: .urlSafe) == "--__")
        #expect(Base64.decode("++//", as: .urlSafe) == nil)
        #expect(Base64.decode("--__") == nil)
    }

    @Test func everyLengthComesBack() {
        for length in 0..<300 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ length) }
            for variant in [Base64.Variant.standard, .urlSafe, .urlSafePadded] {
                let text = Base64.encode(bytes, as: variant)
                #expect(text.utf8.count == Base64.encodedLength(length, as: variant))
                #expect(Base64.decode(text, as: variant) == bytes)
                var buffer = ByteBuffer()
                Base64.encode(bytes.span, as: variant, into: &buffer)
                let appended = buffer.copyBytes()
                #expect(appended == Array(text.utf8))
            }
        }
    }

    @Test(arguments: [
        "Zg", "Zg=", "Z", "Zg===", "=", "====", "Zg==Zg==", "Zm9v\n", "Zm 9", "Zh==", "Zm9=", "Zm9é", "Z===", "Z=g=",
    ])
    func looseSpellingsAreRefused(text: String) {
        #expect(Base64.decode(text) == nil)
        #expect(Base64.decode(text, as: .urlSafePadded) == nil)
    }

    @Test(arguments: ["Z", "Zg==", "Zh", "Zm9", "Zm9v=", "Zm9v Zg", "Zm9vZ"])
    func looseUnpaddedSpellingsAreRefused(text: String) {
        #expect(Base64.decode(text, as: .urlSafe) == nil)
    }
}
