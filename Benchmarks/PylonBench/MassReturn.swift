internal import PylonBenchKit

/// All clients dropped at once and returning at once: how long until each has a frame again.
struct MassReturn {
    /// After this long whoever has no frame is given up.
    private static let patienceMicroseconds: UInt64 = 30_000_000
    /// More failures than this for each client: the server is not coming back.
    private static let attemptsMaximum = 20

    private let started: UInt64
    private let clients: Int
    private var isBack: [Bool]
    private var delays = LatencyHistogram()
    private var failures = 0
    private var failed: [Int] = []

    init(clients: Int, at now: UInt64) {
        started = now
        self.clients = clients
        isBack = [Bool](repeating: false, count: clients)
    }

    /// A frame came.
    mutating func arrived(_ client: Int, at now: UInt64) {
        guard !isBack[client] else { return }
        isBack[client] = true
        delays.record(now - started)
    }

    /// The handshake failed; the client tries again.
    mutating func failed(_ client: Int) {
        failures += 1
        failed.append(client)
    }

    /// Who has to try again.
    mutating func takeFailed() -> [Int] {
        defer { failed.removeAll() }
        return failures < clients * Self.attemptsMaximum ? failed : []
    }

    func isOver(at now: UInt64) -> Bool {
        delays.total == UInt64(clients) || now > started + Self.patienceMicroseconds
    }

    /// Times in µs.
    var summary: String {
        """
        back=\(delays.total) failures=\(failures) p50=\(delays.quantile(0.5)) p99=\(delays.quantile(0.99)) \
        max=\(delays.maximum)
        """
    }
}
