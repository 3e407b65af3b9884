package import PylonHTTP
package import PylonTelemetry
package import PylonTime
internal import PylonThreading
package import PylonWebSocket

/// What one port offers: its pipeline, its routes, its limits. Shared by all connections of the port, on all loops: a class, so that each
/// of them holds a reference and no more.
package final class HTTPService: Sendable {
    package let name: String
    package let stages: [Stage]
    package let routes: RouteTable<Handler>
    /// Nil when the port takes no upgrades.
    package let webSocket: WebSocketFactory?
    /// Whether anything but an upgrade is answered 426.
    package let requiresUpgrade: Bool
    package let settings: ServiceSettings

    package init(
        name: String, stages: [Stage], routes: RouteTable<Handler>, webSocket: WebSocketFactory?, requiresUpgrade: Bool,
        settings: ServiceSettings
    ) {
        self.name = name
        self.stages = stages
        self.routes = routes
        self.webSocket = webSocket
        self.requiresUpgrade = requiresUpgrade
        self.settings = settings
    }
}

/// What all ports share.
package struct ServiceSettings: Sendable {
    package var limits = HTTPLimits()
    /// Frames and messages of WebSockets other than a shard's.
    package var webSocketLimits = WebSocketLimits()
    /// Whether WebSockets whose clients offer permessage-deflate get it.
    package var deflatesWebSockets = true
    package var timeouts = HTTPTimeouts()
    /// Idle time after which a WebSocket is pinged; after as much again without a sign of life it is closed.
    package var pingInterval: Duration = .seconds(25)
    /// Time between comments on an event stream (spec/realtime.md 1.4).
    package var heartbeatInterval: Duration = .seconds(30)
    /// Bytes that answers of more than 256 KiB may hold together while their clients take them; beyond it they are refused (503).
    package var answerBytesMaximum = 1 << 30
    /// Fields of every response: security and CORS.
    package var commonFields = HTTPFieldBlock()
    package let date: DateField
    package let readiness: ReadinessState
    package let metrics: GatewayCounters
    package let log: Log

    package init(clock: any Clock, readiness: ReadinessState, metrics: GatewayCounters, log: Log) {
        date = DateField(clock: clock)
        self.readiness = readiness
        self.metrics = metrics
        self.log = log
    }
}

/// How long a client may take.
package struct HTTPTimeouts: Sendable {
    /// From a request's first byte, or the connection's beginning, to the end of its head.
    package var head: Duration = .seconds(10)
    /// From the end of a request to its answer.
    package var handling: Duration = .seconds(30)
    /// Between requests on a connection kept alive.
    package var idle: Duration = .seconds(60)
    /// For a body: this, and a second more for every `bodyBytesPerSecondMinimum` that have come.
    package var body: Duration = .seconds(30)
    package var bodyBytesPerSecondMinimum = 16 * 1024

    package init() {}
}

/// The text of the Date field, made anew at most once a second.
package final class DateField: Sendable {
    private let clock: any Clock
    private let cached = Lock<(second: UInt64, text: String)>((0, ""))

    package init(clock: any Clock) {
        self.clock = clock
    }

    package var text: String {
        let second = clock.microsecondsSinceEpoch() / 1_000_000
        return cached.withLock { cached in
            if cached.second != second { cached = (second, HTTPDate.text(epochSeconds: Int(second))) }
            return cached.text
        }
    }
}

/// What the ports' requests and sockets add up to.
package struct GatewayCounters: Sendable {
    package let requests = Counter()
    package let requestsOK = Counter()
    package let requestsFailed = Counter()
    /// By method, as the reference counts them: GET, POST, PATCH, DELETE, OPTIONS.
    package let methods: [(method: HTTPMethod, count: Counter)] = [
        (.get, Counter()), (.post, Counter()), (.patch, Counter()), (.delete, Counter()), (.options, Counter()),
    ]
    /// Requests refused by the parser.
    package let requestsMalformed = Counter()
    package let requestTimeouts = Counter()
    package let webSockets = Gauge()
    package let webSocketsReaped = Counter()
    package let eventStreams = Gauge()
    /// Bytes of large answers that their clients have not taken yet.
    package let answerBytesHeld = Gauge()
    /// Answers refused because those held too much.
    package let answersRefused = Counter()
    package let connectionsRefused = Counter()

    package init() {}

    func count(_ method: HTTPMethod, _ status: HTTPStatus) {
        requests.add()
        if (200..<400).contains(status.code) || status == .switchingProtocols {
            requestsOK.add()
        } else {
            requestsFailed.add()
        }
        for entry in methods where entry.method == method { entry.count.add() }
    }
}
