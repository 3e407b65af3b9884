import PylonBytes
import Testing

@Suite struct DequeTests {
    private final class Token {}

    /// Everything that the queue shows, checked against an array.
    private func expect(_ deque: Deque<Int>, _ model: [Int], _ history: String) {
        #expect(deque.count == model.count, "\(history)")
        #expect(deque.isEmpty == model.isEmpty, "\(history)")
        #expect(deque.first == model.first && deque.last == model.last, "\(history)")
        #expect((0..<deque.count).map { deque[$0] } == model, "\(history)")
    }

    /// The memory begins with 8 places and doubles: every place that the oldest can be in, with every count up to beyond the second
    /// growth, so that each growth happens from each place.
    @Test(arguments: 0..<20) func everyLayoutBehavesLikeAnArray(head: Int) {
        for count in 0...36 {
            var deque = Deque<Int>()
            var model: [Int] = []
            for number in 0..<head {
                deque.append(-number)
                #expect(deque.removeFirst() == -number)
            }
            for number in 0..<count {
                deque.append(number)
                model.append(number)
                if number.isMultiple(of: 3) {
                    #expect(deque.removeFirst() == model.removeFirst())
                }
                expect(deque, model, "head \(head), \(number) of \(count)")
            }
            for index in model.indices {
                deque[index] += 1000
                model[index] += 1000
            }
            expect(deque, model, "head \(head), count \(count), changed in place")
            while !model.isEmpty { #expect(deque.removeFirst() == model.removeFirst()) }
            expect(deque, model, "head \(head), count \(count), emptied")
        }
    }

    @Test(arguments: 0..<20) func elementsMayComeInFront(head: Int) {
        var deque = Deque<Int>()
        var model: [Int] = []
        for number in 0..<head { deque.append(number) }
        for _ in 0..<head { deque.removeFirst() }
        for number in 0..<40 {
            if number.isMultiple(of: 3) {
                deque.append(number)
                model.append(number)
            } else {
                deque.prepend(number)
                model.insert(number, at: 0)
            }
            expect(deque, model, "head \(head), \(number)")
        }
    }

    @Test func whatIsTakenOutIsLetGoOfAtOnce() {
        var deque = Deque<Token>()
        weak var first: Token?
        weak var second: Token?
        do {
            let tokens = (Token(), Token())
            (first, second) = tokens
            deque.append(tokens.0)
            deque.append(tokens.1)
        }
        #expect(first != nil && second != nil)
        deque.removeFirst()
        #expect(first == nil && second != nil)
        deque.removeAll()
        #expect(second == nil && deque.isEmpty)
    }

    @Test func whatIsReplacedIsLetGoOfAtOnceEvenBehindAGrowth() {
        var deque = Deque<Token>()
        weak var replaced: Token?
        do {
            let token = Token()
            replaced = token
            deque.append(token)
        }
        for _ in 0..<40 { deque.append(Token()) }
        #expect(replaced != nil)
        deque[0] = Token()
        #expect(replaced == nil)
    }

    @Test func aCopyIsAValueOfItsOwn() {
        var deque = Deque<Int>()
        deque.append(1)
        var copy = deque
        copy.append(2)
        copy[0] = 7
        expect(deque, [1], "the original")
        expect(copy, [7, 2], "the copy")
    }
}
