internal import PylonBytes
internal import PylonCrypto
internal import PylonReplay

/// What a client of stream v2 shows to take up its seat again: 128 random bits, known to the shard that gave it and to the client. Within
/// its shard it names one connection's seat; elsewhere it means nothing.
package struct ResumeToken: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    /// A new one, from the operating system's random source.
    package init() {
        var generator = SystemRandomNumberGenerator()
        high = generator.next()
        low = generator.next()
    }

    /// Reads 32 hexadecimal digits; nil for anything else, which is no token.
    package init?(_ text: String) {
        guard text.utf8.count == 32, text.utf8.allSatisfy({ Hex.value($0) != nil }),
            let high = UInt64(text.prefix(16), radix: 16), let low = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        self.high = high
        self.low = low
    }

    /// The 32 digits.
    package var text: String { Self.digits(high) + Self.digits(low) }

    /// Whether both are the same, in a time that says nothing of where they differ.
    package static func == (left: ResumeToken, right: ResumeToken) -> Bool {
        (left.high ^ right.high) | (left.low ^ right.low) == 0
    }

    /// What the shard remembers of it, in memory and on disk. The token is random enough that nobody finds it by trying.
    var digest: TokenDigest {
        guard let digest = TokenDigest(SHA256.hash(text).bytes) else { preconditionFailure("SHA-256 has 32 bytes") }
        return digest
    }

    private static func digits(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
