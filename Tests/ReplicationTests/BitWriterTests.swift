import PylonTestSupport
import Testing

@testable import PylonReplication

struct BitWriterTests {
    /// The bytes of what was written.
    static func bytes(_ writer: borrowing BitWriter) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: writer.byteCount) { target, count in
            writer.copy(to: UnsafeMutableRawBufferPointer(target))
            count = writer.byteCount
        }
    }

    @Test func theLowestBitComesFirst() {
        var writer = BitWriter()
        writer.append(0b1, 1)
        writer.append(0b01, 2)
        writer.append(0xFF, 8)
        #expect(Self.bytes(writer) == [0b1111_1011, 0b0000_0111])
    }

    @Test(arguments: [0, 1, 8, 9, 72, 73, 1096, 1097, 100_000, BitWriter.numberMaximum])
    func numbersComeBack(number: Int) throws {
        var writer = BitWriter()
        writer.append(0b101, 3)
        writer.append(number: number)
        writer.append(number: number)
        try Self.bytes(writer).withUnsafeBytes { bytes in
            var reader = BitReader(bytes)
            let head = try reader.read(3)
            #expect(head == 0b101)
            for _ in 0..<2 {
                let read = try reader.readNumber()
                #expect(read == number)
            }
            try reader.alignToByte()
            #expect(reader.remaining == 0)
        }
    }

    @Test func randomStretchesComeBackAndAreCopied() throws {
        var random = SeededBits(seed: testSeed())
        var writer = BitWriter()
        var copy = BitWriter()
        copy.append(1, 1)
        var written: [(bits: UInt32, length: Int)] = []
        for _ in 0..<2000 {
            let length = Int(random.next() % 33)
            let bits = length == 0 ? 0 : UInt32(truncatingIfNeeded: random.next()) >> UInt32(32 - length)
            writer.append(UInt64(bits), length)
            written.append((bits, length))
            if random.next() % 10 == 0 {
                // Something that is taken back leaves no trace.
                let count = writer.count
                writer.append(random.next(), 64)
                writer.append(random.next() >> 1, 63)
                writer.truncate(to: count)
            }
        }
        copy.append(from: writer, at: 0, writer.count)
        try Self.bytes(copy).withUnsafeBytes { bytes in
            var reader = BitReader(bytes)
            _ = try reader.read(1)
            for (bits, length) in written {
                let read = try reader.read(length)
                try #require(read == bits)
            }
        }
    }
}

/// Bits for tests.
struct SeededBits {
    private var state: UInt64

    init(seed: UInt64) { state = seed | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
