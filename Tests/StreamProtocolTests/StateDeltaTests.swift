import PylonBytes
import PylonJSON
import PylonTestSupport
import PylonTime
import Testing

@testable import PylonStreamProtocol

/// Whatever the two states, what the operations make of the first is the second, and they are short where little has changed.
@Suite struct StateDeltaTests {
    private func operations(_ base: [UInt8], _ target: [UInt8], countMaximum: Int = .max) -> [UInt8]? {
        var encoder = StateDeltaEncoder()
        var output = ByteBuffer()
        output.append(0xAA as UInt8)
        let isMade = base.withUnsafeBytes { base in
            target.withUnsafeBytes { target in
                encoder.encode(from: base, to: target, countMaximum: countMaximum, into: &output)
            }
        }
        let bytes = output.copyBytes()
        #expect(bytes.first == 0xAA && (isMade || bytes.count == 1), "what was there is left alone")
        return isMade ? Array(bytes.dropFirst()) : nil
    }

    private func apply(_ operations: [UInt8], _ base: [UInt8], countMaximum: Int = 1 << 20) -> [UInt8]? {
        operations.withUnsafeBytes { StateDelta.apply($0, to: base, countMaximum: countMaximum) }
    }

    @Test(arguments: [
        ("", ""), ("", "a"), ("a", ""), ("a", "a"), (#"{"n":1}"#, #"{"n":2}"#), (#"{"n":1}"#, #"{"n":100}"#),
        (#"{"a":[1,2,3]}"#, #"{"a":[2,3]}"#), ("aaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaa"), ("ab", "abab"),
        ("0123456789abcdef0123456789abcdef", "xx0123456789abcdefyy0123456789abcdefzz"),
    ]) func theOperationsMakeTheNewState(base: String, target: String) throws {
        let (base, target) = (Array(base.utf8), Array(target.utf8))
        let found = try #require(operations(base, target))
        #expect(apply(found, base) == target)
    }

    @Test func oneChangedNumberTakesAFewBytes() throws {
        let rows = (0..<2000).map { #"{"id":\#($0),"name":"row \#($0)","done":false}"# }
        let base = Array("[\(rows.joined(separator: ","))]".utf8)
        var changed = rows
        changed[700] = #"{"id":700,"name":"row 700","done":true}"#
        changed[1400] = #"{"id":1400,"name":"row fourteen hundred","done":false}"#
        changed.remove(at: 900)
        changed.insert(#"{"id":2000,"name":"new","done":false}"#, at: 1000)
        let target = Array("[\(changed.joined(separator: ","))]".utf8)
        let found = try #require(operations(base, target))
        #expect(apply(found, base) == target)
        #expect(found.count < 150, "\(found.count) bytes for four changes in \(target.count)")
    }

    @Test func changesFarApartAreTakenAsOne() throws {
        // What lies between is more than is searched.
        let middle = [UInt8](repeating: UInt8(ascii: "m"), count: StateDeltaEncoder.searchedBytesMaximum)
        let (base, target) = ([1, 1] + middle + [2, 2], [1, 3] + middle + [4, 2])
        let found = try #require(operations(base, target))
        #expect(apply(found, base) == target)
        #expect(
            operations(base, target, countMaximum: target.count / 2) == nil, "so long that the state itself is better")
    }

    @Test func statesThatNeedMoreThanTheyMayAreRefused() throws {
        let (base, target) = (Array("the same and more".utf8), Array("the same or less!".utf8))
        let needed = try #require(operations(base, target)).count
        #expect(operations(base, target, countMaximum: needed) != nil)
        for countMaximum in 0..<needed { #expect(operations(base, target, countMaximum: countMaximum) == nil) }
    }

    /// Edits of every kind at random places of texts that repeat themselves.
    @Test func randomEditsComeOut() throws {
        var generator = SeededGenerator(seed: testSeed())
        var encoder = StateDeltaEncoder()
        var state = Array("[]".utf8)
        for _ in 0..<3000 {
            var next = state
            for _ in 0..<Int.random(in: 0...4, using: &generator) {
                let place = Int.random(in: 0...next.count, using: &generator)
                let end = min(next.count, place + Int.random(in: 0...40, using: &generator))
                let piece = (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                    #"{"x":\#(Int.random(in: 0...3, using: &generator)),"name":"abc"}"#
                }
                next.replaceSubrange(place..<end, with: Array(piece.joined().utf8))
            }
            if next.count > 4000 { next = Array(next.suffix(100)) }
            var output = ByteBuffer()
            let isMade = state.withUnsafeBytes { base in
                next.withUnsafeBytes { encoder.encode(from: base, to: $0, countMaximum: .max, into: &output) }
            }
            let found = output.copyBytes()
            let applied = apply(found, state)
            try #require(isMade && applied == next)
            state = next
        }
    }

    @Test func whatFitsNoStateIsRefused() {
        let base = Array("0123456789".utf8)
        #expect(apply([0, 10, 0], base) == base)
        #expect(apply([], base) == [])
        #expect(apply([0, 5, 0, 9, 5, 0], base) == Array("0123401234".utf8), "back to the start")
        for operations: [UInt8] in [
            [22, 0, 0], [1, 0, 0], [0, 11, 0], [10, 6, 0], [0, 0, 1], [0, 0], [0], [0x80], [0, 5, 0, 0, 6, 0],
            [0, 0, 0x80, 0],
            [0, 5, 0, 11, 1, 0], [UInt8](repeating: 0xFF, count: 9) + [1, 0, 0],
            [0, 0] + [UInt8](repeating: 0xFF, count: 9) + [1],
        ] {
            #expect(apply(operations, base) == nil, "\(operations)")
        }
        #expect(apply([0, 10, 1, 33], base, countMaximum: 11)?.count == 11)
        #expect(apply([0, 10, 1, 33], base, countMaximum: 10) == nil)
        #expect(apply([0, 10, 0], base, countMaximum: 9) == nil)
    }

    @Test func aHeadNamesAnEarlierState() {
        func head(_ bytes: [UInt8]) -> StateDelta.Head? {
            var offset = 0
            return bytes.withUnsafeBytes { StateDelta.Head($0, at: &offset) }
        }
        var buffer = ByteBuffer()
        StateDelta.Head(tick: 300, baseAge: 2).write(into: &buffer)
        #expect(buffer.copyBytes() == [5, 0xAC, 2, 2])
        #expect(head([0xAC, 2, 2]) == StateDelta.Head(tick: 300, baseAge: 2))
        #expect(head([3, 3]) != nil && head([3, 4]) == nil, "the first state there is has tick 0")
        #expect(head([3, 0]) == nil && head([3]) == nil && head([]) == nil)
    }

    // MARK: docs/protocol/vectors/state-delta.json

    @Test(arguments: Vector.all("messages", in: "state-delta")) func messagesAreAsDescribed(vector: Vector) {
        var offset = 1
        let bytes = vector.bytes("message")
        let head = bytes.withUnsafeBytes { StateDelta.Head($0, at: &offset) }
        #expect(bytes.first == StateDelta.type)
        guard vector.json["error"] == nil, let head else {
            #expect(head == nil && vector.json["error"] == true)
            return
        }
        #expect(vector.json["tick"]?.int == Int(head.tick) && vector.json["base_age"]?.int == Int(head.baseAge))
        #expect(Array(bytes[offset...]) == vector.bytes("operations"))
        var buffer = ByteBuffer()
        head.write(into: &buffer)
        #expect(buffer.copyBytes() == Array(bytes[..<offset]))
    }

    @Test(arguments: Vector.all("operations", in: "state-delta")) func operationsAreAsDescribed(vector: Vector) {
        let base = Array((vector.json["base"]?.string ?? "").utf8)
        let state = apply(vector.bytes("operations"), base)
        #expect(state == vector.json["state"]?.string.map { Array($0.utf8) })
        #expect((state == nil) == (vector.json["error"] == true))
    }
}
