internal import CCrypto
internal import PylonBytes

/// SHA-256 (FIPS 180-4), by OpenSSL: what is stored of a secret that is random enough not to be guessed.
package enum SHA256 {
    /// The hash of some bytes: 32 of them.
    package struct Digest: Hashable, Sendable {
        package static let byteCount = 32

        /// Big-endian, so that their order is that of the bytes.
        private let words: (UInt64, UInt64, UInt64, UInt64)

        fileprivate init(_ words: (UInt64, UInt64, UInt64, UInt64)) {
            self.words = words
        }

        /// A digest that was written as bytes; nil unless there are 32.
        package init?(_ bytes: [UInt8]) {
            guard bytes.count == Self.byteCount else { return nil }
            func word(_ index: Int) -> UInt64 {
                bytes[index * 8..<index * 8 + 8].reduce(0) { $0 << 8 | UInt64($1) }
            }
            words = (word(0), word(1), word(2), word(3))
        }

        package var bytes: [UInt8] {
            [words.0, words.1, words.2, words.3].flatMap { word in
                stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
            }
        }

        /// Whether both are the same, in a time that says nothing of where they differ.
        package static func == (left: Digest, right: Digest) -> Bool {
            let (l, r) = (left.words, right.words)
            return (l.0 ^ r.0) | (l.1 ^ r.1) | (l.2 ^ r.2) | (l.3 ^ r.3) == 0
        }

        package func hash(into hasher: inout Hasher) {
            // A digest is evenly spread: a part of it will do.
            hasher.combine(words.0)
        }
    }

    /// The digest of `bytes`.
    package static func hash(_ bytes: [UInt8]) -> Digest {
        bytes.withUnsafeBytes { hash($0) }
    }

    /// The digest of the UTF-8 of `text`.
    package static func hash(_ text: String) -> Digest {
        var text = text
        return text.withUTF8 { hash(UnsafeRawBufferPointer($0)) }
    }

    private static func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        let isDone = withUnsafeMutableBytes(of: &words) { output in
            EVP_Digest(
                bytes.baseAddress, bytes.count, output.bindMemory(to: UInt8.self).baseAddress, nil, algorithm.pointer,
                nil)
        }
        precondition(isDone == 1, "OpenSSL computes SHA-256 of whatever is in memory")
        return Digest((words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian))
    }

    /// Fetched once: looking it up takes longer than the hash of a token.
    private static let algorithm = Algorithm()

    private struct Algorithm: @unchecked Sendable {
        // Safety: OpenSSL's algorithms are never changed after they were fetched (EVP_MD_fetch(3)).
        let pointer: OpaquePointer

        init() {
            guard let pointer = EVP_MD_fetch(nil, "SHA256", nil) else {
                preconditionFailure("OpenSSL's default provider has SHA-256")
            }
            self.pointer = pointer
        }
    }
}
