public import PylonTime

/// Shows a moment a little in the past, between two states that are both known.
///
/// Keeps the newest states by tick and moves a shown tick along evenly, however unevenly they arrive. The delay adapts: as long as the
/// interval between states, and what arrivals stray from their schedule by on top.
public struct SnapshotBuffer<State> {
    /// The states kept: three seconds at 20 Hz, far beyond any delay.
    static var capacity: Int { 64 }
    /// Corrections of the shown tick smaller than this many ticks are worn away unnoticed; larger ones are jumped over.
    static var jumpTicks: Double { 6 }
    static var correctionMilliseconds: Double { 400 }

    /// How a buffer behaves.
    public struct Settings: Hashable, Sendable {
        /// The time between two ticks.
        public var tickInterval: Duration = .milliseconds(50)
        /// A delay that does not adapt; nil for one that does, between `delayMinimum` and `delayMaximum`.
        public var fixedDelay: Duration?
        public var delayMinimum: Duration = .zero
        public var delayMaximum: Duration = .milliseconds(500)
        /// How long the last movement may go on when nothing comes.
        public var extrapolation: Duration = .milliseconds(100)

        public init() {}
    }

    /// What lies around a shown moment.
    public struct Moment {
        public let before: State
        public let after: State
        public let beforeTick: Tick
        public let afterTick: Tick
        /// The way from `before` to `after`; above 1 while the newest movement is carried on.
        public let fraction: Double
        /// The shown tick, with its fraction.
        public let tick: Double
    }

    /// May be changed at any time, as when the server's tick rate becomes known.
    public var settings: Settings
    private var states: [(tick: Tick, state: State)] = []
    private var shownTick: Double?
    private var strayMilliseconds = 0.0
    /// When tick 0 would have arrived, by the arrivals so far, in milliseconds.
    private var schedule: Double?

    public init(settings: Settings = Settings()) {
        precondition(settings.tickInterval > .zero, "ticks have to be apart")
        self.settings = settings
    }

    /// Forgets the states: the next may come from another run of the shard.
    public mutating func reset() {
        self = SnapshotBuffer(settings: settings)
    }

    /// The newest state.
    public var latest: (tick: Tick, state: State)? { states.last }

    /// How far in the past the shown moment lies.
    public var delay: Duration {
        if let fixed = settings.fixedDelay { return fixed }
        let adapted = intervalTicks * settings.tickInterval.inMilliseconds * 1.25 + strayMilliseconds * 2
        return min(settings.delayMaximum, max(settings.delayMinimum, .milliseconds(adapted)))
    }

    /// The mean number of ticks from one state to the next.
    public var intervalTicks: Double {
        guard states.count > 1, let first = states.first, let last = states.last else { return 1 }
        return Double(last.tick.number - first.tick.number) / Double(states.count - 1)
    }

    /// Takes in a state that arrived at `now`. Older ones than the newest are of no use: returns false and leaves them out.
    @discardableResult
    public mutating func push(_ state: State, tick: Tick, at now: Instant) -> Bool {
        if let latest, tick <= latest.tick { return false }
        states.append((tick, state))
        if states.count > Self.capacity { states.removeFirst() }
        let origin = now.inMilliseconds - Double(tick.number) * settings.tickInterval.inMilliseconds
        let expected = schedule ?? origin
        let stray = origin - expected
        strayMilliseconds += (abs(stray) - strayMilliseconds) / 16
        // The earliest arrivals tell the truth; late ones tell of queues.
        schedule = expected + stray / (stray < 0 ? 4 : 64)
        return true
    }

    /// Moves the shown moment on by `elapsed` and returns what is around it; nil before the first state.
    public mutating func advance(at now: Instant, elapsed: Duration) -> Moment? {
        guard let latest, let schedule else { return nil }
        let tickMilliseconds = settings.tickInterval.inMilliseconds
        let due = (now.inMilliseconds - schedule - delay.inMilliseconds) / tickMilliseconds
        let step = elapsed.inMilliseconds / tickMilliseconds
        let shown: Double
        if let last = shownTick, case let error = due - last - step, abs(error) <= Self.jumpTicks {
            shown = last + step + error * min(1, elapsed.inMilliseconds / Self.correctionMilliseconds)
        } else {
            shown = due
        }
        shownTick = shown
        let end = Double(latest.tick.number) + settings.extrapolation.inMilliseconds / tickMilliseconds
        return around(min(shown, end))
    }

    /// The states around a tick; nil before the first state.
    public func around(_ tick: Double) -> Moment? {
        guard var index = states.indices.last else { return nil }
        while index > 0, Double(states[index].tick.number) > tick { index -= 1 }
        // Behind the newest the last movement is carried on.
        if index == states.count - 1, index > 0 { index -= 1 }
        let before = states[index]
        let after = states[min(index + 1, states.count - 1)]
        let span = Double(after.tick.number - before.tick.number)
        let fraction = span > 0 ? max(0, (tick - Double(before.tick.number)) / span) : 0
        return Moment(
            before: before.state, after: after.state, beforeTick: before.tick, afterTick: after.tick,
            fraction: fraction, tick: tick)
    }
}

extension SnapshotBuffer: Sendable where State: Sendable {}
extension SnapshotBuffer.Moment: Sendable where State: Sendable {}

/// `a` to `b` by `fraction`.
public func mix(_ a: Double, _ b: Double, _ fraction: Double) -> Double { a + (b - a) * fraction }

/// As ``mix(_:_:_:)`` on a circle of `turn`, the short way round.
public func mixAngle(_ a: Double, _ b: Double, _ fraction: Double, turn: Double = 2 * .pi) -> Double {
    a + (b - a).remainder(dividingBy: turn) * fraction
}

extension Duration {
    var inMilliseconds: Double { inSeconds * 1000 }
}
