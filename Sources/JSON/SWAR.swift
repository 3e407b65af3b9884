/// Eight bytes at a time in one register.
enum SWAR {
    /// Bit 7 of each byte: clear in all of them for ASCII.
    static let highs: UInt64 = 0x8080_8080_8080_8080

    /// Bit 7 set for each byte that a JSON string cannot hold as it is: a quote, a backslash, a control character. Bits
    /// above the lowest one set may be wrong (a borrow runs upwards); the lowest is exact.
    @inline(__always)
    static func special(_ word: UInt64) -> UInt64 {
        let quote = word ^ 0x2222_2222_2222_2222
        let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
        let isQuote = (quote &- 0x0101_0101_0101_0101) & ~quote
        let isBackslash = (backslash &- 0x0101_0101_0101_0101) & ~backslash
        let isControl = (word &- 0x2020_2020_2020_2020) & ~word
        return (isQuote | isBackslash | isControl) & 0x8080_8080_8080_8080
    }
}
