import PylonBytes
import Testing

@Suite struct RecencyListTests {
    /// Takes all out, oldest first.
    private func drain(_ list: RecencyList<Int>) -> [Int] {
        var list = list
        var elements: [Int] = []
        while let oldest = list.oldest { elements.append(list.remove(oldest)) }
        return elements
    }

    @Test func elementsComeInTheOrderOfTheirLastUse() {
        var list = RecencyList<Int>()
        let handles = (0..<4).map { list.insert($0) }
        list.touch(handles[1])
        list.touch(handles[3])
        list.touch(handles[0])
        #expect(drain(list) == [2, 1, 3, 0])
    }

    @Test func anElementIsChangedWhereItIs() {
        var list = RecencyList<[Int]>()
        let handle = list.insert([1])
        list.update(handle) { $0.append(2) }
        #expect(list[handle] == [1, 2])
        let removed = list.remove(handle)
        #expect(removed == [1, 2])
        #expect(list.isEmpty && list.oldest == nil && list.endHandle == 0)
    }

    @Test func placesAreUsedAgain() {
        var list = RecencyList<Int>()
        let handles = (0..<3).map { list.insert($0) }
        list.remove(handles[1])
        #expect(list[handles[1]] == nil)
        let again = list.insert(9)
        #expect(again == handles[1])
        #expect(list.endHandle == 3)
        #expect(drain(list) == [0, 2, 9])
    }

    /// Against an array that does the same slowly.
    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func everySequenceOfOperationsGivesTheSameOrder(seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15
        func number(below bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        var list = RecencyList<Int>()
        var expected: [(handle: Int, element: Int)] = []
        for step in 0..<200 {
            let index = expected.isEmpty ? 0 : number(below: expected.count)
            switch number(below: 3) {
            case 0: expected.append((list.insert(step), step))
            case 1 where !expected.isEmpty:
                list.touch(expected[index].handle)
                expected.append(expected.remove(at: index))
            case 2 where !expected.isEmpty:
                let gone = expected.remove(at: index)
                let removed = list.remove(gone.handle)
                #expect(removed == gone.element)
            default: break
            }
            #expect(list.count == expected.count)
            #expect(list.oldest == expected.first?.handle)
        }
        #expect(drain(list) == expected.map(\.element))
    }
}
