/// Numbers by key: open addressing with linear probing, at most half full. The order of nothing depends on it.
struct CellMap: Sendable {
    private static var free: Int32 { -1 }

    private var keys: ContiguousArray<UInt64>
    private var values: ContiguousArray<Int32>
    private(set) var count = 0
    private var shift: UInt64

    init() {
        keys = ContiguousArray(repeating: 0, count: 64)
        values = ContiguousArray(repeating: Self.free, count: 64)
        shift = 64 - 6
    }

    /// Where the search for a key begins (Fibonacci hashing: the high bits of a product).
    @inline(__always)
    private func home(_ key: UInt64) -> Int { Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift) }

    @inline(__always)
    subscript(key: UInt64) -> Int32? {
        var place = home(key)
        while values[place] != Self.free {
            if keys[place] == key { return values[place] }
            place = (place + 1) & (keys.count - 1)
        }
        return nil
    }

    /// Adds a key that is not there.
    mutating func insert(_ key: UInt64, _ value: Int32) {
        if (count + 1) * 2 > keys.count { grow() }
        var place = home(key)
        while values[place] != Self.free { place = (place + 1) & (keys.count - 1) }
        keys[place] = key
        values[place] = value
        count += 1
    }

    /// Removes a key that is there and moves up those behind it that were pushed away from their home.
    mutating func remove(_ key: UInt64) {
        let mask = keys.count - 1
        var gap = home(key)
        while values[gap] != Self.free, keys[gap] != key { gap = (gap + 1) & mask }
        guard values[gap] != Self.free else { return }
        count -= 1
        var place = (gap + 1) & mask
        while values[place] != Self.free {
            // It may fill the gap unless its home lies behind the gap.
            if (place &- home(keys[place])) & mask >= (place &- gap) & mask {
                keys[gap] = keys[place]
                values[gap] = values[place]
                gap = place
            }
            place = (place + 1) & mask
        }
        values[gap] = Self.free
    }

    private mutating func grow() {
        let (oldKeys, oldValues) = (keys, values)
        keys = ContiguousArray(repeating: 0, count: oldKeys.count * 2)
        values = ContiguousArray(repeating: Self.free, count: oldKeys.count * 2)
        shift -= 1
        count = 0
        for (key, value) in zip(oldKeys, oldValues) where value != Self.free { insert(key, value) }
    }
}
