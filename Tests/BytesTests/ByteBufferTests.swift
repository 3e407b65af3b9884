import Testing

@testable import PylonBytes

@Suite struct ByteBufferTests {
    private func text(_ build: (inout ByteBuffer) -> Void) -> String {
        var buffer = ByteBuffer()
        build(&buffer)
        return String(decoding: buffer.copyBytes(), as: UTF8.self)
    }

    private func expect(
        _ buffer: borrowing ByteBuffer, holds bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let count = buffer.count
        let isEmpty = buffer.isEmpty
        let held = buffer.copyBytes()
        #expect(count == bytes.count, sourceLocation: sourceLocation)
        #expect(isEmpty == bytes.isEmpty, sourceLocation: sourceLocation)
        #expect(held == bytes, sourceLocation: sourceLocation)
    }

    private func expect(
        _ buffer: borrowing ByteBuffer, owns capacity: Int, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let held = buffer.capacityBytes
        #expect(held == capacity, sourceLocation: sourceLocation)
    }

    @Test func startsEmptyAndWithoutMemory() {
        let buffer = ByteBuffer()
        expect(buffer, owns: 0)
        expect(buffer, holds: [])
        let length = buffer.withSpan { $0.count }
        #expect(length == 0)
    }

    @Test func appendsInOrder() {
        let result = text { buffer in
            buffer.append(UInt8(ascii: "a"))
            buffer.append([0x62, 0x63])
            buffer.append("dé")
            buffer.append(StaticString("fg"))
            buffer.append([0x68].span)
        }
        #expect(result == "abcdéfgh")
    }

    @Test func writesNumbers() {
        for value: Int64 in [0, 1, 9, 10, 99, 100, -1, 12_345_678_901, .max, .min] {
            #expect(text { (buffer: inout ByteBuffer) in buffer.append(decimal: value) } == String(value))
        }
        for power in 0..<20 {
            let value = (0..<power).reduce(UInt64(1)) { product, _ in product * 10 }
            for neighbour in [value - 1, value, value + 1] {
                #expect(text { (buffer: inout ByteBuffer) in buffer.append(decimal: neighbour) } == String(neighbour))
            }
        }
        for value: UInt64 in [.max, .max - 1] {
            #expect(text { (buffer: inout ByteBuffer) in buffer.append(decimal: value) } == String(value))
        }
        for value: UInt in [0, 1, 15, 16, 255, 256, 0xABCDEF, .max] {
            #expect(
                text { (buffer: inout ByteBuffer) in buffer.append(hexadecimal: value) } == String(value, radix: 16))
        }
        var buffer = ByteBuffer()
        buffer.append(bigEndian: UInt32(0x0102_0304))
        expect(buffer, holds: [1, 2, 3, 4])
    }

    @Test func consumingKeepsTheRest() {
        var buffer = ByteBuffer()
        var model: [UInt8] = []
        for round in 0..<2000 {
            let piece = (0..<(round % 37)).map { UInt8(truncatingIfNeeded: $0 + round) }
            buffer.append(piece)
            model += piece
            let taken = min(model.count, round * 7 % 41)
            buffer.consume(taken)
            model.removeFirst(taken)
            if round % 50 == 0 { expect(buffer, holds: model) }
        }
        expect(buffer, holds: model)
    }

    @Test func keepsItsMemoryUntilToldOtherwise() {
        var buffer = ByteBuffer(capacity: 100)
        buffer.append([UInt8](repeating: 7, count: 100))
        let held = buffer.capacityBytes
        buffer.dropLast(40)
        expect(buffer, holds: [UInt8](repeating: 7, count: 60))
        buffer.removeAll()
        expect(buffer, holds: [])
        expect(buffer, owns: held)
        buffer.releaseMemory()
        expect(buffer, owns: 0)
        buffer.append(1)
        expect(buffer, holds: [1])
    }

    @Test func writesInPlace() {
        var buffer = ByteBuffer()
        buffer.append([1])
        buffer.withSpareCapacity(3) { spare in
            spare[0] = 2
            spare[1] = 3
            return 2
        }
        buffer.withUnsafeMutableBytes { $0[0] = 9 }
        expect(buffer, holds: [9, 2, 3])
    }
}
