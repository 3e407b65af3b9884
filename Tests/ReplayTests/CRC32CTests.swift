import PylonReplay
import Testing

@Suite struct CRC32CTests {
    @Test(
        arguments: [
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA), ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
            ([UInt8](0..<32), 0x46DD_794E), (Array("123456789".utf8), 0xE306_9283), ([], 0),
        ] as [([UInt8], UInt32)])
    func itIsThatOfTheRFC(_ bytes: [UInt8], _ value: UInt32) {
        var crc = CRC32C()
        let middle = bytes.count / 3
        bytes[..<middle].withUnsafeBytes { crc.update($0) }
        bytes[middle...].withUnsafeBytes { crc.update($0) }
        #expect(crc.value == value)
    }
}
