internal import PylonBytes
internal import PylonStreamProtocol
internal import PylonTime

/// The states of JSON that a server's deltas may lead from, as it sent them or as the deltas made them.
struct StateHistory {
    /// 32 states besides the one that deltas lead from: as many as a server remembers.
    static let statesMaximum = 32

    private struct Kept {
        let tick: Tick
        let json: [UInt8]
    }

    private let bytesMaximum: Int
    /// In the order of their ticks.
    private var kept: [Kept] = []

    /// None yet. A state of more than `bytesMaximum` bytes is nothing that a server makes of deltas.
    init(bytesMaximum: Int) {
        self.bytesMaximum = bytesMaximum
    }

    /// Keeps a state.
    mutating func keep(_ json: [UInt8], _ tick: Tick) {
        // One comes again for who has asked for it.
        kept.removeAll { $0.tick >= tick }
        kept.append(Kept(tick: tick, json: json))
        // The first is the one that deltas lead from; of the others the server has forgotten the oldest.
        if kept.count > Self.statesMaximum + 1 { kept.remove(at: 1) }
    }

    /// What a delta comes to.
    enum Outcome: Hashable {
        /// This is the state now; it is kept.
        case state([UInt8])
        /// The state is not here that it leads from.
        case baseMissing
        /// It is nothing that a server sends.
        case malformed
    }

    /// Applies what leads to the state of `tick` from the one `baseAge` ticks before it.
    mutating func apply(_ operations: UnsafeRawBufferPointer, _ tick: Tick, baseAge: UInt64) -> Outcome {
        guard let place = kept.firstIndex(where: { $0.tick.number == tick.number - baseAge }) else {
            return .baseMissing
        }
        guard let json = StateDelta.apply(operations, to: kept[place].json, countMaximum: bytesMaximum) else {
            return .malformed
        }
        // The server never goes back behind what its deltas lead from.
        kept.removeFirst(place)
        keep(json, tick)
        return .state(json)
    }
}
