import Glibc
import PylonTime

/// The seed of a random test, printed so that a failure can be repeated with `PYLON_TEST_SEED`.
func testSeed() -> UInt64 {
    let given = getenv("PYLON_TEST_SEED").flatMap { UInt64(String(cString: $0)) }
    let seed = given ?? UInt64.random(in: 0...UInt64.max)
    print("PYLON_TEST_SEED=\(seed)")
    return seed
}

/// Streams of frames that are mostly right, so that they get far, and sometimes wrong in one way.
enum RandomStream {
    static func make(_ generator: inout SeededGenerator) -> [UInt8] {
        var wire: [UInt8] = []
        var isInside = false
        for _ in 0..<Int.random(in: 1...8, using: &generator) {
            var frame = frame(&generator, isInside: isInside)
            if frame.opcode < 8 { isInside = !frame.isFinal }
            if Int.random(in: 0..<16, using: &generator) == 0 { damage(&frame, &generator) }
            wire += frame.bytes
        }
        if Int.random(in: 0..<4, using: &generator) == 0 {
            wire.removeLast(Int.random(in: 0...min(wire.count, 20), using: &generator))
        }
        return wire
    }

    /// Cuts into pieces, some of them empty.
    static func pieces(of count: Int, _ generator: inout SeededGenerator) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var start = 0
        let largest = [1, 3, 20, 2000].randomElement(using: &generator)!
        while start < count {
            let end = min(count, start + Int.random(in: 0...largest, using: &generator))
            pieces.append(start..<end)
            start = end
        }
        return pieces
    }

    private static func frame(_ generator: inout SeededGenerator, isInside: Bool) -> WireFrame {
        var frame: WireFrame
        switch Int.random(in: 0..<10, using: &generator) {
        case 0: frame = .ping("ping")
        case 1: frame = .pong(String(repeating: "x", count: Int.random(in: 0...125, using: &generator)))
        case 2 where Int.random(in: 0..<4, using: &generator) == 0: frame = .close(1000, Array("bye é".utf8))
        default:
            let text = ["", "a", "é🐎", "κόσμε", String(repeating: "long ", count: 60)].randomElement(using: &generator)!
            let opcode: UInt8 = isInside ? 0 : [1, 2].randomElement(using: &generator)!
            let isFinal = Bool.random(using: &generator)
            frame = WireFrame(opcode: opcode, payload: Array(text.utf8), isFinal: isFinal)
        }
        frame.key = (0..<4).map { _ in UInt8.random(in: 0...255, using: &generator) }
        return frame
    }

    private static func damage(_ frame: inout WireFrame, _ generator: inout SeededGenerator) {
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: frame.opcode = UInt8.random(in: 0...15, using: &generator)
        case 1: frame.reserved = UInt8.random(in: 1...7, using: &generator)
        case 2: frame.isFinal.toggle()
        case 3: frame.key = nil
        case 4: frame.lengthWidth = 8
        case 5: frame.announced = UInt64.random(in: 0...9000, using: &generator)
        case 6: frame.payload.removeLast(min(frame.payload.count, 1))
        default:
            let index = Int.random(in: 0...frame.payload.count, using: &generator)
            frame.payload.insert(UInt8.random(in: 0x80...0xFF, using: &generator), at: index)
        }
    }
}
