import PylonThreading
import PylonTime
import Testing

@testable import PylonShardHost

@Suite struct TickStampTests {
    @Test func aTickAndItsTimeAreReadTogether() {
        let stamp = TickStamp(now: Instant(nanoseconds: 0))
        let writer = Thread.spawn(name: "writer") {
            for number in 1...200_000 as ClosedRange<UInt64> {
                stamp.set(Tick(number), now: Instant(nanoseconds: number * 3))
            }
        }
        var last: UInt64 = 0
        while last < 200_000 {
            let (tick, began) = stamp.value
            guard began.nanoseconds == tick.number * 3, tick.number >= last else {
                Issue.record("tick \(tick) with \(began.nanoseconds) behind \(last)")
                break
            }
            last = tick.number
        }
        writer.join()
    }

    @Test func theHashesOfTheLast64AreKept() {
        let hashes = SnapshotHashes()
        for tick in 1...70 as ClosedRange<UInt64> { hashes.record(tick: tick, hash: tick * 7) }
        #expect(hashes.compare(tick: 6, hash: 42) == .unknown)
        #expect(hashes.compare(tick: 7, hash: 49) == .same)
        #expect(hashes.compare(tick: 70, hash: 490) == .same)
        #expect(hashes.compare(tick: 70, hash: 491) == .different)
        #expect(hashes.compare(tick: 71, hash: 0) == .unknown)
    }

    @Test func tokensAreReadAsTheyAreWritten() throws {
        let token = ResumeToken()
        #expect(ResumeToken(token.text) == token)
        #expect(ResumeToken(token.text.uppercased()) == token)
        #expect(ResumeToken("00000000000000000000000000000001")?.text == "00000000000000000000000000000001")
        for text in ["", "0", String(token.text.dropLast()), token.text + "0", "+0000000000000000000000000000001"] {
            #expect(ResumeToken(text) == nil)
        }
    }
}
