internal import PylonBenchKit

/// Clients that read again after a pause: how long until each has a young frame, and how old what came before it was.
struct Resumption {
    /// A frame younger than this shows the present.
    static let youngMicroseconds: UInt64 = 100_000
    /// After this long whoever has no young frame is given up.
    private static let patienceMicroseconds: UInt64 = 20_000_000

    private let started: UInt64
    private var waiting: Set<Int>
    private var delays = LatencyHistogram()
    private var oldest: UInt64 = 0
    private var stale = 0
    private var lost = 0

    init(clients: Int, at now: UInt64) {
        started = now
        waiting = Set(0..<clients)
    }

    mutating func arrived(_ client: Int, age: UInt64, at now: UInt64) {
        guard waiting.contains(client) else { return }
        oldest = max(oldest, age)
        if age >= Self.youngMicroseconds {
            stale += 1
        } else {
            waiting.remove(client)
            delays.record(now - started)
        }
    }

    mutating func lost(_ client: Int) {
        if waiting.remove(client) != nil { lost += 1 }
    }

    func isOver(at now: UInt64) -> Bool { waiting.isEmpty || now > started + Self.patienceMicroseconds }

    /// Times in µs.
    var summary: String {
        """
        fresh=\(delays.total) late=\(waiting.count) lost=\(lost) stale=\(stale) oldest=\(oldest) \
        p50=\(delays.quantile(0.5)) p99=\(delays.quantile(0.99)) max=\(delays.maximum)
        """
    }
}
