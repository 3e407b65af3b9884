import Glibc
import PylonBytes
import PylonTestSupport
import Testing

@testable import PylonNet

/// The order of what waits and the accounting of what left, wherever the kernel stops taking.
@Suite struct BacklogTests {
    /// A backlog, the bytes that its connection holds, and what the kernel took so far.
    private final class Waiting {
        let backlog = Backlog()
        var outgoing = ByteBuffer()
        var received: [UInt8] = []
        var snapshots = 0
        var eventBatches = 0

        /// Lets the kernel take `bytes` bytes at most; false when nothing waits.
        func send(_ bytes: Int) -> Bool {
            var taken: [UInt8] = []
            withUnsafeTemporaryAllocation(of: iovec.self, capacity: Backlog.vectorsMaximum) { vectors in
                outgoing.withUnsafeBytes { held in
                    let (used, total) = backlog.gather(held, into: vectors)
                    for vector in vectors[..<used] {
                        taken += UnsafeRawBufferPointer(start: vector.iov_base, count: vector.iov_len)
                    }
                    #expect(taken.count == total)
                }
            }
            let part = taken.prefix(bytes)
            guard !part.isEmpty else { return false }
            received += part
            let progress = backlog.take(part.count, &outgoing)
            snapshots += progress.snapshots
            eventBatches += progress.eventBatches
            return true
        }
    }

    private enum First: CaseIterable {
        case nothing, snapshot, events
    }

    private static func bytes(_ text: String) -> SharedBytes { SharedBytes(Array(text.utf8)) }

    /// What waits, and what the client is to get in the end.
    private func waiting(_ first: First, hasFarewell: Bool = true) -> (Waiting, expected: String) {
        let waiting = Waiting()
        switch first {
        case .nothing: break
        case .snapshot: waiting.backlog.begin(with: Self.bytes("..SNAP"), sent: 2, isEvent: false)
        case .events: waiting.backlog.begin(with: Self.bytes("...EV"), sent: 3, isEvent: true)
        }
        let rest = first == .nothing ? "" : first == .snapshot ? "SNAP" : "EV"
        _ = waiting.backlog.append(snapshot: Self.bytes("s1s1s"))
        #expect(waiting.backlog.append(events: Self.bytes("e1e")))
        waiting.outgoing.append("bytes")
        _ = waiting.backlog.append(snapshot: Self.bytes("s2"))
        #expect(waiting.backlog.append(events: Self.bytes("e2e2")))
        if hasFarewell { waiting.backlog.append(farewell: Self.bytes("farewell")) }
        return (waiting, rest + "bytes" + "e1e" + "e2e2" + "s1s1s" + "s2" + (hasFarewell ? "farewell" : ""))
    }

    @Test(arguments: First.allCases) private func theOrderHoldsWhereverTheKernelStops(first: First) {
        let length = waiting(first).expected.utf8.count
        for cut in 0..<length {
            for second in 1...length - cut {
                let (waiting, expected) = waiting(first)
                if cut > 0 { #expect(waiting.send(cut)) }
                #expect(waiting.send(second))
                while waiting.send(.max) {}
                #expect(String(decoding: waiting.received, as: UTF8.self) == expected, "cut at \(cut), \(cut + second)")
                #expect(waiting.snapshots == (first == .snapshot ? 3 : 2), "cut at \(cut), \(cut + second)")
                #expect(waiting.eventBatches == (first == .events ? 3 : 2), "cut at \(cut), \(cut + second)")
                #expect(waiting.backlog.isEmpty && waiting.outgoing.isEmpty)
            }
        }
    }

    @Test(arguments: [1, 2, 3, 5, 7]) func steadySmallPiecesArriveWhole(piece: Int) {
        let (waiting, expected) = waiting(.events)
        while waiting.send(piece) {}
        #expect(String(decoding: waiting.received, as: UTF8.self) == expected)
    }

    @Test func moreThanOneCallCarriesGoesInSeveral() {
        let waiting = Waiting()
        var expected: [UInt8] = []
        for number in 0..<UInt8(100) {
            #expect(waiting.backlog.append(events: SharedBytes([number, number])))
            expected += [number, number]
        }
        _ = waiting.backlog.append(snapshot: SharedBytes([200]))
        waiting.backlog.append(farewell: SharedBytes([201]))
        while waiting.send(.max) {}
        #expect(waiting.received == expected + [200, 201])
        #expect(waiting.eventBatches == 100 && waiting.snapshots == 1)
    }

    @Test func onlyASnapshotCountsAsOneThatWaits() {
        let (first, _) = waiting(.snapshot)
        #expect(first.backlog.snapshotsWaiting == 3)
        let (second, _) = waiting(.events)
        #expect(second.backlog.snapshotsWaiting == 2)
        let (third, expected) = waiting(.nothing)
        // All but the end of the farewell.
        #expect(third.send(expected.utf8.count - 1))
        #expect(third.backlog.snapshotsWaiting == 0 && !third.backlog.isEmpty)
    }
}
