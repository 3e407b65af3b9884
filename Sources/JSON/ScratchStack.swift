/// A stack that hands its top over as an exactly sized array, so that a container costs one allocation.
struct ScratchStack<Element>: ~Copyable {
    private var base: UnsafeMutablePointer<Element>?
    private var capacity = 0
    private(set) var count = 0

    deinit {
        base?.deinitialize(count: count)
        base?.deallocate()
    }

    /// The element at a position counted from the bottom. Traps beyond the top.
    subscript(position: Int) -> Element {
        _read {
            precondition(position >= 0 && position < count, "beyond the top of the stack")
            yield base.unsafelyUnwrapped[position]
        }
        _modify {
            precondition(position >= 0 && position < count, "beyond the top of the stack")
            yield &base.unsafelyUnwrapped[position]
        }
    }

    @inline(__always)
    mutating func push(_ element: consuming Element) {
        if count == capacity { grow() }
        (base.unsafelyUnwrapped + count).initialize(to: element)
        count += 1
    }

    /// Removes everything from `start` up and returns it.
    // Inlined, and not by init(unsafeUninitializedCapacity:), to be specialised: generic code asks the runtime for the
    // array's metadata each time, a quarter of the time to parse a small object.
    @inline(__always)
    mutating func pop(from start: Int) -> [Element] {
        precondition(start >= 0 && start <= count, "beyond the top of the stack")
        let length = count - start
        guard length > 0, let base else { return [] }
        count = start
        var popped: [Element] = []
        popped.reserveCapacity(length)
        for position in start..<start + length { popped.append((base + position).move()) }
        return popped
    }

    /// Removes everything from `start` up.
    @inline(__always)
    mutating func truncate(to start: Int) {
        precondition(start >= 0 && start <= count, "beyond the top of the stack")
        guard let base else { return }
        (base + start).deinitialize(count: count - start)
        count = start
    }

    @inline(never)
    private mutating func grow() {
        let grown = UnsafeMutablePointer<Element>.allocate(capacity: max(16, capacity * 2))
        if let base {
            grown.moveInitialize(from: base, count: count)
            base.deallocate()
        }
        base = grown
        capacity = max(16, capacity * 2)
    }
}
