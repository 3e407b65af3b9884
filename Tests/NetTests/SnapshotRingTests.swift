import PylonBytes
import PylonNet
import PylonTestSupport
import PylonEventLoop
import PylonTelemetry
import Testing

@Suite struct SnapshotRingTests {
    private func frame(_ number: UInt8, bytes: Int = 1) -> SharedBytes {
        SharedBytes([UInt8](repeating: number, count: bytes))
    }

    private func number(_ frame: SharedBytes) -> UInt8 { withExtendedLifetime(frame) { frame.unsafeBytes[0] } }

    private func numbers(_ ring: SnapshotRing) -> [UInt8] { (0..<ring.count).map { number(ring[$0]) } }

    /// Every way to come to a layout: so many in, so many out, and again.
    @Test func everyLayoutHoldsTheNewestInOrder() {
        let sizes = 0...SnapshotRing.framesMaximum + 2
        for firstIn in sizes {
            for firstOut in 0...min(firstIn, SnapshotRing.framesMaximum) {
                for secondIn in sizes {
                    check(firstIn: firstIn, firstOut: firstOut, secondIn: secondIn)
                }
            }
        }
    }

    private func check(firstIn: Int, firstOut: Int, secondIn: Int) {
        var ring = SnapshotRing()
        var model: [UInt8] = []
        var next: UInt8 = 0
        func push() {
            next += 1
            let dropped = ring.append(frame(next))
            #expect(dropped == (model.count == SnapshotRing.framesMaximum ? 1 : 0))
            model.append(next)
            if dropped > 0 { model.removeFirst() }
        }
        for _ in 0..<firstIn { push() }
        for _ in 0..<firstOut { #expect(number(ring.removeFirst()) == model.removeFirst()) }
        for _ in 0..<secondIn { push() }
        #expect(numbers(ring) == model)
        #expect(ring.bytesCount == model.count && ring.isEmpty == model.isEmpty)
        while let expected = model.first {
            #expect(number(ring.removeFirst()) == expected)
            model.removeFirst()
        }
        #expect(ring.isEmpty && ring.bytesCount == 0)
    }

    @Test func bytesAreBoundedToo() {
        var ring = SnapshotRing()
        let third = SnapshotRing.bytesMaximum / 3
        for number in 1...3 { #expect(ring.append(frame(UInt8(number), bytes: third)) == 0) }
        #expect(ring.append(frame(4, bytes: third)) == 1)
        #expect(ring.append(frame(5, bytes: 2 * third)) == 2)
        #expect(numbers(ring) == [4, 5])
        #expect(ring.bytesCount == 3 * third)
    }

    @Test func theNewestIsKeptHoweverLarge() {
        var ring = SnapshotRing()
        _ = ring.append(frame(1))
        #expect(ring.append(frame(2, bytes: SnapshotRing.bytesMaximum + 1)) == 1)
        #expect(numbers(ring) == [2])
        #expect(ring.append(frame(3)) == 1)
        #expect(numbers(ring) == [3])
    }
}
