package import PylonBytes

/// One block of a recording as it lies in the file: the length of the payload (u32, little-endian), the CRC of kind and payload (likewise), the
/// kind, the payload.
package enum RecordingBlock {
    /// What a block holds; other numbers are passed over by readers, for what later versions may add.
    package enum Kind: UInt8, Sendable {
        /// What was recorded: `RecordingHeader`. The first block, and no other.
        case header = 1
        /// The shard as it was when the segment began: `SavedShard`. Behind the header, or nowhere.
        case state = 2
        /// What happened: `HistoryEncoder`.
        case history = 3
        /// What is missing here: `RecordingGap`.
        case gap = 4
        /// Nothing comes behind it: `RecordingEnd`.
        case end = 5
    }

    /// What every recording begins with. The first byte is no text, the line break shows what a transfer as text did to it, and the last is
    /// the version of the framing.
    package static let magic: [UInt8] = [0x89, 0x50, 0x59, 0x4C, 0x52, 0x45, 0x0A, 0x01]
    /// Length, CRC and kind.
    package static let headCount = 9
    /// The largest payload: a state of 64 MiB with room for what the engine adds.
    package static let payloadBytesMaximum = 80 << 20

    /// Appends a block to `buffer`.
    package static func append(_ kind: Kind, _ payload: UnsafeRawBufferPointer, to buffer: inout ByteBuffer) {
        precondition(payload.count <= payloadBytesMaximum, "a block larger than readers take")
        var crc = CRC32C()
        var code = kind.rawValue
        Swift.withUnsafeBytes(of: &code) { crc.update(UnsafeRawBufferPointer($0)) }
        crc.update(payload)
        append(UInt32(payload.count), to: &buffer)
        append(crc.value, to: &buffer)
        buffer.append(code)
        buffer.append(payload)
    }

    private static func append(_ value: UInt32, to buffer: inout ByteBuffer) {
        Swift.withUnsafeBytes(of: value.littleEndian) { buffer.append($0) }
    }
}
