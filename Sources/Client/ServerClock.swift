public import PylonTime

/// The server's clock, and the tick it is at, as seen from here.
///
/// Round-trip time and clock offset from pings (the algorithm of NTP, RFC 5905 §8, with the server's turnaround taken as nothing): the sample
/// with the shortest round trip is the one that queues have falsified least, so its offset counts.
public struct ServerClock: Sendable {
    /// The newest samples, of which the best counts: half a minute of pings two seconds apart.
    static let samplesMaximum = 16

    /// The answer to a ping.
    public struct Sample: Hashable, Sendable {
        /// When the ping was sent, by the client's clock.
        public var sent: Instant
        /// When its answer came, by the client's clock.
        public var received: Instant
        /// The server's monotonic clock, in milliseconds.
        public var serverMilliseconds: Double
        /// The shard's last step, and how many milliseconds before it was taken.
        public var tick: Tick
        public var tickAgeMilliseconds: Double

        public init(
            sent: Instant, received: Instant, serverMilliseconds: Double, tick: Tick, tickAgeMilliseconds: Double = 0
        ) {
            self.sent = sent
            self.received = received
            self.serverMilliseconds = serverMilliseconds
            self.tick = tick
            self.tickAgeMilliseconds = tickAgeMilliseconds
        }
    }

    /// Ticks a second, as the server's hello says; nil where there is no such rate, as for event-driven shards.
    public var tickRate: TickRate?
    private var samples: [(roundTrip: Double, offset: Double)] = []
    private var best: (roundTrip: Double, offset: Double)?
    private var tickBase: (tick: Double, serverMilliseconds: Double)?
    private var jitterMilliseconds = 0.0

    public init(tickRate: TickRate? = nil) {
        self.tickRate = tickRate
    }

    /// Forgets everything: the next answers may come from another server.
    public mutating func reset() {
        self = ServerClock()
    }

    /// The shortest of the latest round trips; nil before the first answer.
    public var roundTrip: Duration? { best.map { .milliseconds($0.roundTrip) } }

    /// How much round trips stray from the shortest, as a running mean (RFC 3550 §6.4.1 weighs by 1/16, too).
    public var jitter: Duration { .milliseconds(jitterMilliseconds) }

    /// Takes in the answer to a ping.
    public mutating func add(_ sample: Sample) {
        let received = sample.received.inMilliseconds
        let roundTrip = max(0, received - sample.sent.inMilliseconds)
        if let best { jitterMilliseconds += (abs(roundTrip - best.roundTrip) - jitterMilliseconds) / 16 }
        samples.append((roundTrip, sample.serverMilliseconds + roundTrip / 2 - received))
        if samples.count > Self.samplesMaximum { samples.removeFirst() }
        // Of equally good ones the newest: clocks drift.
        best = samples.reversed().min { $0.roundTrip < $1.roundTrip }
        tickBase = (Double(sample.tick.number), sample.serverMilliseconds - sample.tickAgeMilliseconds)
    }

    /// The server's monotonic time in milliseconds; nil before the first answer.
    public func serverMilliseconds(at now: Instant) -> Double? {
        best.map { now.inMilliseconds + $0.offset }
    }

    /// The tick the server is at, with its fraction; nil where that is not known.
    public func tick(at now: Instant) -> Double? {
        guard let tickBase, let tickRate, !tickRate.isEventDriven, let server = serverMilliseconds(at: now) else {
            return nil
        }
        return tickBase.tick + (server - tickBase.serverMilliseconds) * Double(tickRate.hertz) / 1000
    }

    /// The tick in which an input sent now will be applied, about.
    public func arrivalTick(at now: Instant) -> Double? {
        guard let tick = tick(at: now), let tickRate, let best else { return nil }
        return tick + best.roundTrip / 2 * Double(tickRate.hertz) / 1000
    }
}

extension Instant {
    /// The time since the clock's origin; exact to a microsecond for 285 years.
    var inMilliseconds: Double { Double(nanoseconds) / 1_000_000 }
}
