import PylonBenchKit
import Testing

@Suite struct WebSocketStreamTests {
    /// Events as text, so that they outlive the call.
    private func read(_ portions: [[UInt8]]) -> [String] {
        var stream = WebSocketStream()
        var events: [String] = []
        for portion in portions {
            portion.withUnsafeBytes { bytes in
                stream.read(bytes) { event in
                    switch event {
                    case .binary(let payload):
                        events.append("binary \(payload.count) \(payload.reduce(0) { $0 &+ Int($1) })")
                    case .ping(let payload): events.append("ping \(payload.count)")
                    case .close(let code): events.append("close \(code)")
                    case .other: events.append("other")
                    case .invalid: events.append("invalid")
                    }
                }
            }
        }
        return events
    }

    private func binary(_ count: Int) -> [UInt8] {
        let header: [UInt8] =
            switch count {
            case ..<126: [UInt8(count)]
            case ..<65536: [126, UInt8(count >> 8), UInt8(count & 0xFF)]
            default: [127, 0, 0, 0, 0] + [24, 16, 8, 0].map { UInt8(count >> $0 & 0xFF) }
            }
        return [0x82] + header + [UInt8](repeating: 1, count: count)
    }

    @Test(arguments: [0, 1, 125, 126, 127, 520, 65535, 65536, 200_000]) func lengthsOfAllThreeFormsAreRead(count: Int) {
        #expect(read([binary(count)]) == ["binary \(count) \(count)"])
    }

    @Test func framesAreFoundWhereverTheBytesAreCut() {
        let bytes = binary(3) + [0x89, 2, 7, 7] + binary(130) + [0x81, 0] + [0x88, 2, 0x03, 0xF5]
        let whole = read([bytes])
        #expect(whole == ["binary 3 3", "ping 2", "binary 130 130", "other", "close 1013"])
        for cut in 0...bytes.count {
            #expect(read([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole)
        }
        #expect(read(bytes.map { [$0] }) == whole)
    }

    @Test func aCloseWithoutACodeIs1005() {
        #expect(read([[0x88, 0]]) == ["close 1005"])
    }

    @Test(arguments: [[0xC2, 0], [0x82, 0x80, 0, 0, 0, 0], [0x02, 0], [0x80, 0], [0x83, 0]] as [[UInt8]])
    func whatNoServerMaySendIsInvalid(bytes: [UInt8]) {
        #expect(read([bytes]) == ["invalid"])
    }
}
