internal import PylonBytes
internal import PylonHTTP
internal import PylonTelemetry
internal import PylonTime

/// What the log and the counters say of one request: the line it began with, and since when.
struct RequestRecord {
    private let method: HTTPMethod
    /// Nil for a request that could not be read.
    private let path: String?
    private let start: Instant
    private let isProbe: Bool

    /// Probes would drown everything else: they are neither logged nor counted (spec/services.md 4.4).
    static let probePaths: Set<String> = ["/health", "/readyz", "/metrics"]

    /// A request whose head has been read. The query is left out: it may hold secrets (spec/services.md S8).
    init(_ head: HTTPRequestHead, now: Instant) {
        let path = head.rawPath
        method = head.method
        self.path = path
        start = now
        isProbe = Self.probePaths.contains(path)
    }

    /// A request that could not be read.
    init(unreadableSince start: Instant) {
        method = .other("")
        path = nil
        self.start = start
        isProbe = false
    }

    /// Made for the log alone.
    private var line: String { path.map { "\(method.token) \($0)" } ?? "(no readable request)" }

    /// Logs that it came; the answer's line says the same a moment later, so this one is for those who look for what hangs.
    func logArrival(from client: IPAddress, to log: Log) {
        if !isProbe { log.debug("→ \(line) from \(client)") }
    }

    /// Logs and counts what it was answered with.
    func answered(_ status: HTTPStatus, now: Instant, settings: ServiceSettings) {
        guard !isProbe else { return }
        settings.metrics.count(method, status)
        settings.log.info("← \(line) \(status.code) in \((now - start).wholeNanoseconds / 1_000_000)ms")
    }
}
