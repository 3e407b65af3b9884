import PylonJSON
import PylonStreamProtocol
import Testing

@Suite struct ClientMessageTests {
    private func read(_ bytes: [UInt8], isText: Bool) throws(ClientMessageError) -> ClientMessage {
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(ClientMessageError) in
                try isText ? ClientMessage(text: raw) : ClientMessage(binary: raw)
            }
        }
        return try result.get()
    }

    /// What a message means, as the vectors put it.
    private func meaning(_ message: ClientMessage) -> JSONValue {
        func number(_ value: UInt64?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
        return switch message {
        case .input(let input, let sequence, let tick):
            ["type": "input", "input": input, "client_seq": number(sequence), "tick": number(tick)]
        case .acknowledgement(let tick): ["type": "ack", "tick": number(tick)]
        case .keyframe: ["type": "keyframe"]
        case .ping(let id, let time):
            ["type": "ping", "id": number(id), "client_ms": time.map { .number($0) } ?? .null]
        case .hash(let tick, let hash):
            [
                "type": "hash", "tick": number(tick),
                "hash": .string(String(repeating: "0", count: hash.leadingZeroBitCount / 4) + String(hash, radix: 16)),
            ]
        }
    }

    @Test(arguments: Vector.all("client")) func everyVectorMeansWhatItSays(vector: Vector) throws {
        do throws(ClientMessageError) {
            let message = try read(vector.bytes, isText: vector.isText)
            #expect(meaning(message) == vector.means)
        } catch {
            #expect(vector.means == nil && vector.json["error"] == "INVALID_MESSAGE", "\(error.message)")
            #expect(error.clientSequence.map { Int($0) } == vector.json["client_seq"]?.int)
            #expect(!error.message.isEmpty)
        }
    }

    /// Cut anywhere, no message turns into another one, and none crashes.
    @Test(arguments: Vector.all("client")) func aMessageCutAtAnyByteIsRefused(vector: Vector) throws {
        guard vector.means != nil else { return }
        let isPadded = vector.bytes.last == UInt8(ascii: "\n")
        for length in 0..<(vector.bytes.count - (isPadded ? 1 : 0)) {
            let part = Array(vector.bytes[..<length])
            #expect(throws: ClientMessageError.self, "\(length) bytes") { try read(part, isText: vector.isText) }
        }
    }

    @Test func everyTickTravelsInBinaryAndBack() throws {
        var tick: UInt64 = 0
        for _ in 0...64 {
            for value in [tick, tick &+ 1, tick &- 1] {
                var bytes = [ClientMessage.acknowledgementType]
                var rest = value
                while rest >= 0x80 {
                    bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                    rest >>= 7
                }
                bytes.append(UInt8(rest))
                let message = try read(bytes, isText: false)
                #expect(message == .acknowledgement(tick: value))
            }
            tick = tick == 0 ? 1 : tick << 1
        }
    }

    @Test func limitsHold() throws {
        let deep = Array((String(repeating: "[", count: 200) + String(repeating: "]", count: 200)).utf8)
        let message = Array(#"{"input":"#.utf8) + deep + Array("}".utf8)
        #expect(throws: ClientMessageError.self) { try read(message, isText: true) }
        #expect(throws: ClientMessageError.self) {
            try Array(#"{"input":1}"#.utf8).withUnsafeBytes {
                try ClientMessage(text: $0, limits: JSONLimits(byteCountMaximum: 10))
            }
        }
    }
}
