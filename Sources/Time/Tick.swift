/// The number of a shard's simulation step. The first step is 1; a shard that has not stepped yet stands at 0.
///
/// 64 bits: at 1,000 Hz it lasts 584 million years, so it never wraps.
public struct Tick: Comparable, Hashable, Sendable, CustomStringConvertible {
    public var number: UInt64

    @inlinable
    public init(_ number: UInt64) {
        self.number = number
    }

    @inlinable
    public static func < (left: Tick, right: Tick) -> Bool { left.number < right.number }

    /// The step after this one.
    @inlinable
    public var next: Tick { Tick(number + 1) }

    public var description: String { String(number) }
}

/// How often a shard steps, in whole hertz; zero is event driven: a step happens only when there is input.
public struct TickRate: Hashable, Sendable {
    /// Steps per second, 0...1000.
    public let hertz: Int

    /// The rate of 20 Hz that the reference defaults to (spec/realtime.md 2.2).
    public static let standard = TickRate(unchecked: 20)
    public static let eventDriven = TickRate(unchecked: 0)
    /// 1 kHz: one step a millisecond is the finest that the timers hold steadily.
    public static let hertzMaximum = 1000

    /// nil outside 0...1000 Hz.
    public init?(hertz: Int) {
        guard (0...Self.hertzMaximum).contains(hertz) else { return nil }
        self.hertz = hertz
    }

    private init(unchecked hertz: Int) {
        self.hertz = hertz
    }

    public var isEventDriven: Bool { hertz == 0 }

    /// The time from one step to the next, 1/hertz floored to a nanosecond; zero when event driven.
    public var interval: Duration {
        hertz == 0 ? .zero : .nanoseconds(1_000_000_000 / Int64(hertz))
    }
}
