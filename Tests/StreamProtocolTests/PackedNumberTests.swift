import PylonBytes
import PylonStreamProtocol
import Testing

@Suite struct PackedNumberTests {
    private func read(_ bytes: [UInt8]) -> (number: UInt64?, offset: Int) {
        var offset = 0
        let number = bytes.withUnsafeBytes { PackedNumber.read($0, at: &offset) }
        return (number, offset)
    }

    @Test(arguments: [0, 1, 127, 128, 300, 16_383, 16_384, UInt64(1) << 63, .max - 1, .max] as [UInt64])
    func aNumberComesBack(number: UInt64) {
        var buffer = ByteBuffer()
        PackedNumber.write(number, into: &buffer)
        let bytes = buffer.copyBytes()
        #expect(bytes.count == PackedNumber.count(of: number) && bytes.count <= PackedNumber.bytesMaximum)
        let whole = read(bytes + [0xFF])
        #expect(whole.number == number && whole.offset == bytes.count)
        for end in 0..<bytes.count { #expect(read(Array(bytes[..<end])).number == nil) }
    }

    @Test(arguments: [
        [0x80, 0x00], [0xFF, 0x80, 0x00], [UInt8](repeating: 0xFF, count: 9) + [2],
        [UInt8](repeating: 0xFF, count: 10) + [1], [UInt8](repeating: 0x80, count: 12),
    ]) func whatIsNoNumberIsRefused(bytes: [UInt8]) {
        #expect(read(bytes).number == nil)
    }
}
