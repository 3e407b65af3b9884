internal import CCrypto

/// Comparisons of secrets that tell an observer nothing of where two differ.
package enum ConstantTime {
    /// Whether both are the same bytes, in a time that depends on their lengths alone.
    package static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }
}
