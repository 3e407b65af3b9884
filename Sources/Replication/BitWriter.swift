/// Writes numbers of 0 to 64 bits one behind the other, the lowest bit first, into bytes from their lowest bit up.
struct BitWriter: ~Copyable {
    private var words: UnsafeMutablePointer<UInt64>
    private var capacity: Int
    /// The bits written.
    private(set) var count = 0

    init() {
        capacity = 128
        words = .allocate(capacity: capacity)
    }

    deinit { words.deallocate() }

    /// The bytes it takes to hold the bits.
    var byteCount: Int { (count + 7) / 8 }

    /// Forgets the bits, keeps the memory.
    mutating func reset() { count = 0 }

    /// Takes back what was written behind the first `count` bits.
    mutating func truncate(to count: Int) {
        precondition(count <= self.count, "truncating to more than was written")
        self.count = count
        // What is written next is added to the last word.
        if count & 63 != 0 { words[count >> 6] &= (1 << UInt64(count & 63)) - 1 }
    }

    /// Appends the lowest `length` bits; those above must be 0.
    @inline(__always)
    mutating func append(_ bits: UInt64, _ length: Int) {
        let (word, shift) = (count >> 6, UInt64(count & 63))
        if word + 2 > capacity { grow() }
        if shift == 0 {
            words[word] = bits
        } else {
            words[word] |= bits << shift
            words[word + 1] = bits >> (64 - shift)
        }
        count += length
    }

    @inline(never)
    private mutating func grow() {
        let grown = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity * 2)
        grown.update(from: words, count: capacity)
        words.deallocate()
        words = grown
        capacity *= 2
    }

    /// Appends a count or a gap: 0 takes one bit, up to 8 five, up to 72 nine, up to 1,096 fourteen, more 28.
    @inline(__always)
    mutating func append(number: Int) {
        switch number {
        case 0: append(0, 1)
        case 1...8: append(UInt64(truncatingIfNeeded: number - 1) << 2 | 0b01, 5)
        case 9...72: append(UInt64(truncatingIfNeeded: number - 9) << 3 | 0b011, 9)
        case 73...1096: append(UInt64(truncatingIfNeeded: number - 73) << 4 | 0b0111, 14)
        default: append(UInt64(truncatingIfNeeded: number - 1097) << 4 | 0b1111, 28)
        }
    }

    /// The largest number that can be appended.
    static let numberMaximum = 1097 + (1 << 24) - 1

    /// Appends `length` bits that stand at `start` in another writer.
    @inline(__always)
    mutating func append(from other: borrowing BitWriter, at start: Int, _ length: Int) {
        var (start, length) = (start, length)
        while length > 0 {
            let taken = min(length, 64)
            append(other.bits(at: start, taken), taken)
            start += taken
            length -= taken
        }
    }

    /// The bits of a stretch of 1 to 64.
    @inline(__always)
    func bits(at start: Int, _ length: Int) -> UInt64 {
        let (word, shift) = (start >> 6, UInt64(start & 63))
        var bits = words[word] >> shift
        if shift != 0, Int(shift) + length > 64 { bits |= words[word + 1] << (64 - shift) }
        return length == 64 ? bits : bits & (1 << UInt64(length) - 1)
    }

    /// Copies the bytes, the last filled up with zeros.
    func copy(to target: UnsafeMutableRawBufferPointer) {
        var offset = 0
        var remaining = count
        while remaining > 0 {
            let length = min(remaining, 64)
            var bits = bits(at: count - remaining, length)
            for _ in 0..<((length + 7) / 8) {
                target[offset] = UInt8(truncatingIfNeeded: bits)
                bits >>= 8
                offset += 1
            }
            remaining -= length
        }
    }
}
