extension ContiguousArray<UInt32> {
    /// The first place whose slot is not below `slot`; the slots must rise. O(log n).
    func lowerBound(_ slot: UInt32) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < slot { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Whether rising slots hold one. O(log n).
    func containsRising(_ slot: UInt32) -> Bool {
        let place = lowerBound(slot)
        return place < count && self[place] == slot
    }
}
