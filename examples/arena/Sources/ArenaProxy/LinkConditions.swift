internal import Pylon

/// How bad a link is, for one direction.
public struct LinkConditions: Hashable, Sendable {
    /// What every byte takes, in milliseconds.
    public var latencyMilliseconds = 75.0
    /// What it takes on top of that at most, evenly spread.
    public var jitterMilliseconds = 0.0
    /// The share of reads that count as lost, 0...1. TCP makes up for a lost segment, so it comes late, and all behind it with it.
    public var loss = 0.0

    public init() {}

    /// The shortest time after which a TCP sender sends again: 200 ms on Linux (RFC 6298 says a second).
    static let retransmissionMilliseconds = 200.0

    /// How long what is read now is on its way, in nanoseconds.
    func delay(_ random: inout SeededGenerator) -> UInt64 {
        var milliseconds = latencyMilliseconds + jitterMilliseconds * random.unitInterval()
        if random.unitInterval() < loss { milliseconds += Self.retransmissionMilliseconds }
        return UInt64(milliseconds * 1e6)
    }
}
