/// A frame spelled byte by byte, also one that no encoder would write; independent of the code under test.
struct WireFrame {
    var opcode: UInt8
    var payload: [UInt8] = []
    var isFinal = true
    var reserved: UInt8 = 0
    /// Nil for an unmasked frame.
    var key: [UInt8]? = [0x37, 0xFA, 0x21, 0x3D]
    /// The length field to use instead of the shortest one that holds the payload's length.
    var lengthWidth: Int?
    /// The length to announce instead of the payload's.
    var announced: UInt64?

    static func text(_ payload: [UInt8], isFinal: Bool = true) -> WireFrame {
        WireFrame(opcode: 1, payload: payload, isFinal: isFinal)
    }

    static func text(_ payload: String, isFinal: Bool = true) -> WireFrame {
        text(Array(payload.utf8), isFinal: isFinal)
    }

    static func binary(_ payload: [UInt8], isFinal: Bool = true) -> WireFrame {
        WireFrame(opcode: 2, payload: payload, isFinal: isFinal)
    }

    static func continuation(_ payload: [UInt8], isFinal: Bool = true) -> WireFrame {
        WireFrame(opcode: 0, payload: payload, isFinal: isFinal)
    }

    static func continuation(_ payload: String, isFinal: Bool = true) -> WireFrame {
        continuation(Array(payload.utf8), isFinal: isFinal)
    }

    static func ping(_ payload: String = "") -> WireFrame { WireFrame(opcode: 9, payload: Array(payload.utf8)) }

    static func pong(_ payload: String = "") -> WireFrame { WireFrame(opcode: 10, payload: Array(payload.utf8)) }

    static func close(_ code: UInt16, _ reason: [UInt8] = []) -> WireFrame {
        WireFrame(opcode: 8, payload: [UInt8(code >> 8), UInt8(code & 0xFF)] + reason)
    }

    static let emptyClose = WireFrame(opcode: 8)

    func unmasked() -> WireFrame {
        var copy = self
        copy.key = nil
        return copy
    }

    /// The frame on the wire.
    var bytes: [UInt8] {
        let length = announced ?? UInt64(payload.count)
        let width = lengthWidth ?? (length < 126 ? 0 : length < 65536 ? 2 : 8)
        var bytes = [(isFinal ? 0x80 : 0) | reserved << 4 | opcode]
        let short = width == 0 ? UInt8(length) : width == 2 ? 126 : 127
        bytes.append(short | (key == nil ? 0 : 0x80))
        for index in (0..<width).reversed() { bytes.append(UInt8(length >> UInt64(8 * index) & 0xFF)) }
        guard let key else { return bytes + payload }
        bytes += key
        for (index, byte) in payload.enumerated() { bytes.append(byte ^ key[index % 4]) }
        return bytes
    }
}

extension [WireFrame] {
    var bytes: [UInt8] { flatMap(\.bytes) }
}
