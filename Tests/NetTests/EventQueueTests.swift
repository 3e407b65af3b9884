import PylonBytes
import PylonNet
import PylonTestSupport
import PylonTime
import Testing

@Suite struct EventQueueTests {
    private static func batch(_ count: Int) -> SharedBytes { SharedBytes([UInt8](repeating: 7, count: count)) }

    @Test func batchesComeOutInTheirOrder() {
        var queue = EventQueue()
        let batches = (1...20).map { Self.batch($0) }
        for batch in batches { #expect(queue.append(batch) == true) }
        #expect(queue.count == 20 && queue.bytesCount == 210)
        #expect((0..<20).allSatisfy { queue[$0] === batches[$0] })
        for batch in batches { #expect(queue.removeFirst() === batch) }
        #expect(queue.isEmpty && queue.bytesCount == 0)
    }

    @Test func theBudgetIsExact() {
        let maximum = EventQueue.bytesMaximum
        var queue = EventQueue()
        #expect(queue.append(Self.batch(maximum - 10)) == true)
        #expect(queue.append(Self.batch(11)) == false)
        #expect(queue.count == 1 && queue.bytesCount == maximum - 10, "what was refused left a trace")
        #expect(queue.append(Self.batch(10)) == true)
        #expect(queue.append(Self.batch(1)) == false)
        queue.removeFirst()
        #expect(queue.bytesCount == 10)
        #expect(queue.append(Self.batch(maximum - 10)) == true)
        #expect(queue.append(Self.batch(1)) == false)
    }

    @Test func anOpeningComesOnTopOfTheBudget() {
        let maximum = EventQueue.bytesMaximum
        var queue = EventQueue()
        for _ in 0..<3 { queue.append(opening: Self.batch(maximum)) }
        #expect(queue.count == 3 && queue.bytesCount == 3 * maximum)
        #expect(queue.append(Self.batch(maximum)) == true)
        #expect(queue.append(Self.batch(1)) == false)
        queue.removeFirst()
        #expect(queue.append(Self.batch(1)) == true)
    }

    @Test func theFirstIsTakenWhateverItsSize() {
        var queue = EventQueue()
        #expect(queue.append(Self.batch(EventQueue.bytesMaximum + 1)) == true)
        #expect(queue.append(Self.batch(1)) == false)
        queue.removeFirst()
        #expect(queue.append(Self.batch(1)) == true)
    }

    @Test func batchesAreLetGoOfWhenTakenOut() {
        var queue = EventQueue()
        weak var first: SharedBytes?
        weak var second: SharedBytes?
        do {
            let batches = (Self.batch(1), Self.batch(2))
            (first, second) = batches
            _ = queue.append(batches.0)
            _ = queue.append(batches.1)
        }
        queue.removeFirst()
        #expect(first == nil && second != nil)
        queue.removeFirst()
        #expect(second == nil && queue.isEmpty && queue.bytesCount == 0)
    }

    @Test func countsStayRightUnderAnyOrder() {
        var generator = SeededGenerator(seed: testSeed())
        var queue = EventQueue()
        var model: [Int] = []
        for _ in 0..<3000 {
            if Bool.random(using: &generator) || model.isEmpty {
                let size = Int.random(in: 0...EventQueue.bytesMaximum / 4, using: &generator)
                let fits = model.isEmpty || model.reduce(size, +) <= EventQueue.bytesMaximum
                let batch = SharedBytes(count: size) { _ = $0.initializeMemory(as: UInt8.self, repeating: 0) }
                #expect(queue.append(batch) == fits)
                if fits { model.append(size) }
            } else {
                #expect(queue.removeFirst().count == model.removeFirst())
            }
            #expect(queue.count == model.count && queue.bytesCount == model.reduce(0, +))
        }
    }
}
