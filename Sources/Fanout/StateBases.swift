internal import Glibc
internal import PylonBytes
internal import PylonTime

/// The states of one view that clients may have, for deltas to lead from. Belongs to the stripe's loop.
///
/// Two states of the same tick may differ, when an event-driven world changed between its steps. Nobody can say then which of them a client
/// means that acknowledges the tick, so neither is a base.
struct StateBases: ~Copyable {
    /// 32 states: half a second at 60 Hz, which is a slow round trip.
    static let statesMaximum = 32
    /// 8 states while nobody has acknowledged any: who takes longer gets one more state whole.
    static let unacknowledgedMaximum = 8
    /// 4 MiB of states, the newest not counted. A state that is longer by itself is no base.
    static let bytesMaximum = 4 << 20

    private struct Kept {
        let tick: Tick
        /// The message of stream v2; nil when there were two.
        var message: SharedBytes?
    }

    /// Oldest first.
    private var kept = Deque<Kept>()
    private(set) var bytesCount = 0

    /// The message that brought the state of `tick`; nil when it is not kept.
    func message(_ tick: Tick) -> SharedBytes? {
        for index in (0..<kept.count).reversed() where kept[index].tick == tick { return kept[index].message }
        return nil
    }

    /// Keeps the state that is sent now, and of the others as many as there is room for. Ticks do not go back, but one may come again.
    mutating func keep(_ message: SharedBytes, _ tick: Tick, statesMaximum: Int = statesMaximum) {
        if let newest = kept.last, newest.tick >= tick { return keepAgain(message, tick) }
        while kept.count >= statesMaximum || (bytesCount > Self.bytesMaximum && !kept.isEmpty) { removeFirst() }
        guard message.count <= Self.bytesMaximum else { return }
        kept.append(Kept(tick: tick, message: message))
        bytesCount += message.count
    }

    private mutating func keepAgain(_ message: SharedBytes, _ tick: Tick) {
        for index in 0..<kept.count where kept[index].tick == tick {
            guard let known = kept[index].message, known !== message, !known.hasSameBytes(as: message) else { return }
            bytesCount -= known.count
            kept[index].message = nil
        }
    }

    /// Lets go of the states before `tick`, which every client has passed.
    mutating func forget(before tick: Tick) {
        while let oldest = kept.first, oldest.tick < tick { removeFirst() }
    }

    private mutating func removeFirst() {
        bytesCount -= kept.removeFirst().message?.count ?? 0
    }
}

extension SharedBytes {
    fileprivate func hasSameBytes(as other: SharedBytes) -> Bool {
        guard count == other.count, let left = unsafeBytes.baseAddress, let right = other.unsafeBytes.baseAddress else {
            return count == other.count
        }
        return memcmp(left, right, count) == 0
    }
}
