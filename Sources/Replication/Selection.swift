/// Chooses what goes into a frame that cannot hold everything: the most urgent first.
struct Selection {
    /// Something a subscriber should hear of.
    struct Candidate {
        let slot: UInt32
        /// Its place among the kept or among the entering slots.
        let place: Int
        let isEntering: Bool
        /// About what it costs.
        let bits: Int
        /// Infinite for what must be sent.
        let priority: Float
        var isSelected = false
    }

    /// Those that stay, then those that enter; each by rising slots.
    private(set) var candidates: ContiguousArray<Candidate> = []
    /// How many of them stay.
    private(set) var keptCount = 0
    /// What was chosen, the most urgent first.
    private var chosen: ContiguousArray<Int> = []
    /// A heap of priorities, each with its candidate: greatest first, of equals the lower slot.
    private var heap: ContiguousArray<UInt64> = []
    /// The priorities that subscribers' candidates had before; by slot, 0 between subscribers.
    private var former: ContiguousArray<Float> = []

    /// Whether everything was chosen.
    var isEverything: Bool { chosen.count == candidates.count }

    /// Begins with what a subscriber was left with last time.
    mutating func begin(_ subscriber: ReplicaSubscriber, slotLimit: Int) {
        candidates.removeAll(keepingCapacity: true)
        keptCount = 0
        chosen.removeAll(keepingCapacity: true)
        heap.removeAll(keepingCapacity: true)
        if former.count < slotLimit {
            former.append(contentsOf: repeatElement(0, count: max(slotLimit, former.count * 2) - former.count))
        }
        for index in 0..<subscriber.pendingSlots.count {
            former[Int(subscriber.pendingSlots[index])] = subscriber.pendingPriorities[index]
        }
    }

    /// Adds a candidate; `urgency` is what this tick adds to what it had.
    mutating func add(slot: UInt32, place: Int, isEntering: Bool, bits: Int, urgency: Double) {
        let priority = min(former[Int(slot)] + Float(urgency), .greatestFiniteMagnitude)
        if !isEntering { keptCount += 1 }
        candidates.append(
            Candidate(
                slot: slot, place: place, isEntering: isEntering, bits: bits,
                priority: urgency.isInfinite ? .infinity : priority))
    }

    /// Chooses as much as fits into `bits`, and what must be sent.
    mutating func choose(bits: Int) {
        for index in 0..<candidates.count {
            heap.append(UInt64(candidates[index].priority.bitPattern) << 32 | UInt64(UInt32.max - UInt32(index)))
        }
        let parents = heap.count / 2
        for index in 0..<parents { sink(parents - 1 - index) }
        var left = bits
        while !heap.isEmpty {
            let top = heap[0]
            let index = Int(UInt32.max - UInt32(truncatingIfNeeded: top))
            let candidate = candidates[index]
            guard candidate.bits <= left || candidate.priority == .infinity else { return }
            left -= candidate.bits
            candidates[index].isSelected = true
            chosen.append(index)
            heap[0] = heap[heap.count - 1]
            heap.removeLast()
            sink(0)
        }
    }

    /// Takes back the least urgent that are worth `bits`; false when there is nothing that may be taken back.
    mutating func giveUp(bits: Int) -> Bool {
        var left = bits
        var hasGivenUp = false
        while left > 0, !chosen.isEmpty, candidates[chosen[chosen.count - 1]].priority != .infinity {
            let last = chosen[chosen.count - 1]
            candidates[last].isSelected = false
            left -= candidates[last].bits
            chosen.removeLast()
            hasGivenUp = true
        }
        return hasGivenUp
    }

    /// Leaves the subscriber with what was not chosen, which has the more weight next time. Returns how many those are.
    mutating func finish(_ subscriber: ReplicaSubscriber) -> Int {
        for index in 0..<subscriber.pendingSlots.count { former[Int(subscriber.pendingSlots[index])] = 0 }
        subscriber.pendingSlots.removeAll(keepingCapacity: true)
        subscriber.pendingPriorities.removeAll(keepingCapacity: true)
        for index in 0..<candidates.count where !candidates[index].isSelected {
            subscriber.pendingSlots.append(candidates[index].slot)
            subscriber.pendingPriorities.append(candidates[index].priority)
        }
        return subscriber.pendingSlots.count
    }

    private mutating func sink(_ start: Int) {
        var index = start
        while true {
            var child = 2 * index + 1
            guard child < heap.count else { return }
            if child + 1 < heap.count, heap[child + 1] > heap[child] { child += 1 }
            guard heap[child] > heap[index] else { return }
            (heap[index], heap[child]) = (heap[child], heap[index])
            index = child
        }
    }
}
