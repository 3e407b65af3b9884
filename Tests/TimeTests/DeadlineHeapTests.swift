import PylonTestSupport
import PylonTime
import Testing

@Suite struct DeadlineHeapTests {
    private func drained(_ heap: inout DeadlineHeap, until now: Instant = .distantFuture) -> [UInt64] {
        var deadlines: [UInt64] = []
        while let entry = heap.popDue(now) { deadlines.append(entry.deadline.nanoseconds) }
        return deadlines
    }

    @Test func deadlinesComeOutInOrderForEverySmallSizeAndEveryOrder() {
        func permutations(_ values: [UInt64]) -> [[UInt64]] {
            if values.count < 2 { return [values] }
            return values.indices.flatMap { index in
                var rest = values
                let first = rest.remove(at: index)
                return permutations(rest).map { [first] + $0 }
            }
        }
        for size in 0...6 {
            // Every second one is there twice: equal deadlines count too.
            for order in permutations((0..<UInt64(size)).map { $0 / 2 }) {
                var heap = DeadlineHeap()
                for deadline in order { heap.insert(deadline: Instant(nanoseconds: deadline), datum: deadline) }
                #expect(drained(&heap) == order.sorted())
            }
        }
    }

    @Test func randomInsertionsAndRemovalsMatchASortedList() {
        var generator = SeededGenerator(seed: testSeed())
        var heap = DeadlineHeap()
        var model: [UInt64] = []
        for _ in 0..<3000 {
            if Int.random(in: 0..<3, using: &generator) < 2 {
                let deadline = UInt64.random(in: 0..<1000, using: &generator)
                heap.insert(deadline: Instant(nanoseconds: deadline), datum: deadline ^ 0xFF)
                model.insert(deadline, at: model.firstIndex { $0 > deadline } ?? model.count)
            } else {
                let now = UInt64.random(in: 0..<1000, using: &generator)
                let entry = heap.popDue(Instant(nanoseconds: now))
                let isDue = model.first.map { $0 <= now } ?? false
                #expect(entry?.deadline.nanoseconds == (isDue ? model.removeFirst() : nil))
                #expect(entry.map { $0.datum == $0.deadline.nanoseconds ^ 0xFF } ?? true)
            }
            #expect(heap.count == model.count)
            #expect(heap.deadlineNext?.nanoseconds == model.first)
        }
        #expect(drained(&heap) == model)
    }

    @Test func whatIsNotDueStays() {
        var heap = DeadlineHeap()
        heap.insert(deadline: Instant(nanoseconds: 10), datum: 1)
        #expect(heap.popDue(Instant(nanoseconds: 9))?.datum == nil)
        #expect(heap.count == 1)
        #expect(heap.popDue(Instant(nanoseconds: 10))?.datum == 1)
        #expect(heap.deadlineNext == nil)
    }
}
