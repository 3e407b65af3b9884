package import PylonBytes

/// Whole numbers in as few bytes as they need: seven bits to a byte, the lowest first, each byte but the last with its high bit set, and no
/// needless byte (docs/protocol/stream-v2.md).
package enum PackedNumber {
    /// The longest: 64 bits, seven to a byte.
    package static let bytesMaximum = 10

    /// How many bytes `number` takes.
    package static func count(of number: UInt64) -> Int { max(1, (70 - number.leadingZeroBitCount) / 7) }

    /// Appends `number`.
    package static func write(_ number: UInt64, into output: inout ByteBuffer) {
        var rest = number
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(rest))
    }

    /// Appends a number that may be negative: 0, −1, 1, −2, … as 0, 1, 2, 3, …
    package static func write(signed number: Int, into output: inout ByteBuffer) {
        write(UInt64(bitPattern: Int64(number << 1 ^ number >> (Int.bitWidth - 1))), into: &output)
    }

    /// Reads what `write(signed:into:)` wrote; nil for what is none.
    package static func readSigned(_ bytes: UnsafeRawBufferPointer, at offset: inout Int) -> Int? {
        read(bytes, at: &offset).map { Int(truncatingIfNeeded: $0 >> 1) ^ -Int(truncatingIfNeeded: $0 & 1) }
    }

    /// Reads the number at `offset` and moves that behind it; nil for what is none.
    package static func read(_ bytes: UnsafeRawBufferPointer, at offset: inout Int) -> UInt64? {
        var number: UInt64 = 0
        for index in 0..<bytesMaximum {
            guard offset < bytes.count else { return nil }
            let byte = bytes[offset]
            offset += 1
            let bits = UInt64(byte & 0x7F)
            guard index < bytesMaximum - 1 || bits <= 1 else { return nil }
            number |= bits << (7 * UInt64(index))
            guard byte & 0x80 == 0 else { continue }
            return index > 0 && byte == 0 ? nil : number
        }
        return nil
    }
}
