/// A queue in an array that is used round and round: appending and taking the first are amortised O(1), any place is reached in
/// O(1), and what was taken out is let go of at once. Empty, it holds no memory unless told to keep it.
package struct Deque<Element> {
    private var places: ContiguousArray<Element?> = []
    private var head = 0
    package private(set) var count = 0

    /// An empty queue; nothing is allocated before the first element comes.
    package init() {}

    package var isEmpty: Bool { count == 0 }
    package var first: Element? { isEmpty ? nil : self[0] }
    package var last: Element? { isEmpty ? nil : self[count - 1] }

    /// The element at `index` from the oldest.
    package subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count, "no such element")
            guard let element = places[place(index)] else { preconditionFailure("an empty place inside a queue") }
            return element
        }
        set {
            precondition(index >= 0 && index < count, "no such element")
            places[place(index)] = newValue
        }
    }

    /// Adds an element behind the newest. Amortised O(1).
    package mutating func append(_ element: Element) {
        if count == places.count { grow() }
        places[place(count)] = element
        count += 1
    }

    /// Adds an element in front of the oldest. Amortised O(1).
    package mutating func prepend(_ element: Element) {
        if count == places.count { grow() }
        head = head == 0 ? places.count - 1 : head - 1
        places[head] = element
        count += 1
    }

    /// Takes out the oldest element. Traps if there is none.
    @discardableResult
    package mutating func removeFirst() -> Element {
        let element = self[0]
        places[head] = nil
        head = place(1)
        count -= 1
        return element
    }

    /// Takes out the newest element. Traps if there is none.
    @discardableResult
    package mutating func removeLast() -> Element {
        let element = self[count - 1]
        places[place(count - 1)] = nil
        count -= 1
        return element
    }

    /// Forgets everything and gives the memory back.
    package mutating func removeAll() {
        self = Deque()
    }

    private func place(_ index: Int) -> Int {
        let place = head + index
        return place < places.count ? place : place - places.count
    }

    private mutating func grow() {
        var grown = ContiguousArray<Element?>()
        grown.reserveCapacity(max(8, places.count * 2))
        for index in 0..<count { grown.append(self[index]) }
        grown.append(contentsOf: repeatElement(nil, count: grown.capacity - count))
        places = grown
        head = 0
    }
}

extension Deque: Sendable where Element: Sendable {}
