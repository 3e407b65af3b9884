import PylonJSON
import PylonReplay
import PylonSimulation
import PylonTestSupport
import PylonTime
import Testing

@Suite struct HistoryTests {
    private static let names = ["a", "bb", "ccc", "ä"].map { SubscriberID($0) }

    /// Records by chance, with the steps joined as the encoder joins them.
    private func write(_ count: Int, into encoder: inout HistoryEncoder, _ chance: inout SeededGenerator) throws
        -> [HistoryRecord]
    {
        var records: [HistoryRecord] = []
        for _ in 0..<count {
            let dice = chance.next()
            let name = Self.names[Int(dice >> 8 & 3)]
            switch dice & 7 {
            case 5 where dice & 64 == 0:
                let event = HandoffEvent.reply(
                    HandoffReply(
                        source: HandoffParty(shard: name.name, incarnation: dice), target: "t",
                        sequence: chance.next() >> (dice >> 36 & 61 | 2),
                        outcome: dice & 128 == 0 ? .accepted : .refused(reason: "full")))
                encoder.handoff(event)
                records.append(.handoff(event))
            case 6 where dice & 64 == 0:
                let digest = TokenDigest((0..<32).map { UInt8(truncatingIfNeeded: dice >> ($0 % 8)) })
                let tokens = [TokenDigest](repeating: try #require(digest), count: Int(dice >> 40 & 3))
                encoder.seat(SavedSeat(subscriber: name, tokens: tokens))
                records.append(.seat(SavedSeat(subscriber: name, tokens: tokens)))
            case 0:
                let role = dice & 32 == 0 ? SubscriberRole.player : .spectator
                encoder.joined(name, as: role)
                records.append(.joined(name, role))
            case 1:
                let role = dice & 32 == 0 ? SubscriberRole.player : .spectator
                encoder.left(name, as: role)
                records.append(.left(name, role))
            case 2:
                encoder.hash(dice)
                records.append(.hash(dice))
            case 3, 4:
                let client = dice & 16 == 0 ? nil : chance.next() >> (dice >> 30 & 63)
                let input = RecordedInput(
                    subscriber: name, sequence: chance.next() >> (dice >> 36 & 63), clientSequence: client,
                    json: ["x": .integer(Int64(truncatingIfNeeded: dice))])
                encoder.input(
                    input.json, from: input.subscriber, sequence: input.sequence, clientSequence: client)
                records.append(.input(input))
            default:
                encoder.stepped()
                if case .steps(let steps) = records.last {
                    records[records.count - 1] = .steps(steps + 1)
                } else {
                    records.append(.steps(1))
                }
            }
        }
        return records
    }

    private func block(_ encoder: inout HistoryEncoder) -> [UInt8] {
        encoder.cut { payload, _ in Array(payload) } ?? []
    }

    @Test func whatIsWrittenIsReadBlockByBlock() throws {
        var chance = SeededGenerator(seed: testSeed())
        for _ in 0..<200 {
            let start = Tick(chance.next() >> 20)
            var encoder = HistoryEncoder(at: start)
            var decoder = HistoryDecoder(at: start)
            for _ in 0..<5 {
                let written = try write(Int(chance.next() & 31), into: &encoder, &chance)
                let payload = block(&encoder)
                #expect(payload.isEmpty == written.isEmpty)
                guard !written.isEmpty else { continue }
                var read: [HistoryRecord] = []
                try decoder.decode(payload) { record in
                    read.append(record)
                    return true
                }
                #expect(read == written)
                #expect(decoder.tick == encoder.tickNow)
            }
        }
    }

    @Test func aBlockCutAtAnyByteGivesTheRecordsBeforeAndAnError() throws {
        var chance = SeededGenerator(seed: testSeed())
        var encoder = HistoryEncoder()
        let written = try write(60, into: &encoder, &chance)
        let payload = block(&encoder)
        for count in 0..<payload.count {
            var decoder = HistoryDecoder(at: Tick(0))
            var read: [HistoryRecord] = []
            let isWhole: Bool
            do {
                try decoder.decode(Array(payload.prefix(count))) { record in
                    read.append(record)
                    return true
                }
                isWhole = true
            } catch {
                isWhole = false
            }
            // A cut between two records is no fault of the block: its length and CRC are around it.
            #expect(read == Array(written.prefix(read.count)), "cut at \(count)")
            #expect(read.count < written.count)
            if count == 0 { #expect(!isWhole) }
        }
    }

    @Test func aBlockThatIsNotTheNextIsRefused() {
        var encoder = HistoryEncoder(at: Tick(7))
        encoder.stepped()
        let payload = block(&encoder)
        var decoder = HistoryDecoder(at: Tick(6))
        #expect(throws: StateError.self) { try decoder.decode(payload) { _ in true } }
    }

    @Test(
        arguments: [
            [0, 0x08], [0, 0x07], [0, 0x05, 1, 0x61, 0x0F, 0], [0, 0x05, 1, 0x61, 0x07, 17], [0, 0x02], [0, 0x01],
            [0, 0x0C], [0, 0x00], [0, 0x80, 0x00],
        ] as [[UInt8]])
    func recordsThatCannotBeAreRefused(_ payload: [UInt8]) throws {
        var decoder = HistoryDecoder(at: Tick(0))
        if payload == [0, 0x08] {
            // One step: the only one that can.
            try decoder.decode(payload) { $0 == .steps(1) }
        } else {
            #expect(throws: StateError.self) { try decoder.decode(payload) { _ in true } }
        }
    }

    @Test(arguments: [
        "null", "true", "false", "0", "-1", "9223372036854775807", "-9223372036854775808", "2.0", "-0.0", "1e300",
        "0.1", #""""#, #""äöü \u0000""#, "[]", "[1,2.0,[null]]", "{}", #"{"b":1,"a":{"c":[true]}}"#,
    ]) func jsonComesBackNumberForNumber(_ text: String) throws {
        let json = try JSONParser.parse(text)
        var writer = StateWriter()
        writer.write(json)
        var reader = StateReader(writer.copyBytes())
        let read = try reader.readJSON()
        try reader.finish()
        #expect(String(describing: read) == String(describing: json))
        for count in 0..<writer.count {
            var cut = StateReader(Array(writer.copyBytes().prefix(count)))
            #expect(throws: StateError.self) { try cut.readJSON() }
        }
    }

    @Test func jsonAsDeepAsTheParserGoesComesBack() throws {
        let depth = JSONLimits.depthCeiling
        let text = String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth)
        let json = try JSONParser.parse(text, limits: JSONLimits(depthMaximum: depth))
        var writer = StateWriter()
        writer.write(json)
        var reader = StateReader(writer.copyBytes())
        #expect(try reader.readJSON() == json)
        var deeper = StateReader(
            Array(repeatElement([6, 1], count: depth + 1).joined()) + [0])
        #expect(throws: StateError.malformed("JSON too deep")) { try deeper.readJSON() }
    }

    /// The example of docs/protocol/replay.md.
    @Test func theBytesAreThoseOfThePage() {
        var encoder = HistoryEncoder()
        encoder.joined(SubscriberID("u1"))
        encoder.input(["add": 3], from: SubscriberID("u1"), sequence: 1, clientSequence: 7)
        for _ in 0..<3 { encoder.stepped() }
        encoder.hash(0x1122_3344_5566_7788)
        let bytes: [UInt8] = [
            0x00, 0x05, 0x02, 0x75, 0x31, 0x02, 0x09, 0x01, 0x07, 0x07, 0x01, 0x03, 0x61, 0x64, 0x64, 0x03, 0x06, 0x18,
            0x04, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
        ]
        #expect(block(&encoder) == bytes)
    }

    @Test func theHashIsTheSameForEver() {
        var hasher = StateHasher()
        #expect(hasher.isEmpty)
        hasher.combine(1)
        hasher.combine("shard")
        hasher.combine(0.5)
        #expect(hasher.value == 0x9BF93300B9D7BED4)
    }
}
