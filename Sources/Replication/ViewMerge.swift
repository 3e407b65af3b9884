/// What two views have in common and what not; used again and again for its memory.
struct ViewMerge {
    /// Places in the base view whose slots the target lacks.
    private(set) var leaves: ContiguousArray<Int> = []
    /// The slots of both, and the tick of the state that the base view has of each.
    private(set) var kept: ContiguousArray<UInt32> = []
    private(set) var keptTicks: ContiguousArray<UInt64> = []
    /// The slots that the base view lacks.
    private(set) var enters: ContiguousArray<UInt32> = []

    /// Compares two views; `base` nil is an empty one.
    mutating func compare(_ base: SentView?, _ target: SentView) {
        leaves.removeAll(keepingCapacity: true)
        kept.removeAll(keepingCapacity: true)
        keptTicks.removeAll(keepingCapacity: true)
        enters.removeAll(keepingCapacity: true)
        guard let base else { return enters.append(contentsOf: target.slots) }
        let isComplete = base.isComplete
        var (old, new) = (0, 0)
        base.slots.withUnsafeBufferPointer { olds in
            target.slots.withUnsafeBufferPointer { news in
                while old < olds.count, new < news.count {
                    if olds[old] == news[new] {
                        kept.append(olds[old])
                        keptTicks.append(isComplete ? base.freshTick : base.ticks[old])
                        old += 1
                        new += 1
                    } else if olds[old] < news[new] {
                        leaves.append(old)
                        old += 1
                    } else {
                        enters.append(news[new])
                        new += 1
                    }
                }
                leaves.append(contentsOf: old..<olds.count)
                enters.append(contentsOf: news[new...])
            }
        }
    }

    /// Writes the places that leave.
    func writeLeaves(to out: inout BitWriter) {
        out.append(number: leaves.count)
        var next = 0
        for place in leaves {
            out.append(number: place - next)
            next = place + 1
        }
    }
}
