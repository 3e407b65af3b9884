package import PylonBytes

/// The head of a subscriber's own state of entities: `03 ‖ tick ‖ base age ‖ acknowledgement`, the numbers seven bits to a byte, the lowest
/// first. What follows is the body (docs/protocol/replication.md).
package struct StateFrameHead: Hashable, Sendable {
    /// The tick whose state the body leads to.
    package let tick: UInt64
    /// How many ticks before it the state is that the body leads from; 0 is from nothing.
    package let baseAge: UInt64
    /// The newest of the client's numbers that the state contains; nil for none.
    package let acknowledged: UInt64?

    package init(tick: UInt64, baseAge: UInt64, acknowledged: UInt64?) {
        self.tick = tick
        self.baseAge = baseAge
        self.acknowledged = acknowledged
    }

    /// 0 is none, so the client's number is written as one more. The largest number there is has no successor, and no client gets so far.
    private var acknowledgedNumber: UInt64 { acknowledged.map { $0 == .max ? .max : $0 + 1 } ?? 0 }

    /// The length in bytes.
    package var count: Int {
        1 + PackedNumber.count(of: tick) + PackedNumber.count(of: baseAge)
            + PackedNumber.count(of: acknowledgedNumber)
    }

    /// Appends the head.
    package func write(into output: inout ByteBuffer) {
        output.append(ServerMessage.entitiesType)
        PackedNumber.write(tick, into: &output)
        PackedNumber.write(baseAge, into: &output)
        PackedNumber.write(acknowledgedNumber, into: &output)
    }
}
