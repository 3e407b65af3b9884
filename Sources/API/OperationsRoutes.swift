internal import PylonAuth
internal import PylonBytes
package import PylonGateway
package import PylonHTTP
internal import PylonJSON
package import PylonTelemetry
package import PylonTime

/// What operators and load balancers ask (spec/services.md 4.4).
package struct OperationsRoutes: Sendable {
    private let version: String
    private let isDevelopment: Bool
    private let started: Instant
    private let clock: any Clock
    private let readiness: ReadinessState
    private let metrics: MetricsRegistry
    private let counters: GatewayCounters

    package init(
        version: String, isDevelopment: Bool, clock: any Clock, readiness: ReadinessState, metrics: MetricsRegistry,
        counters: GatewayCounters
    ) {
        self.version = version
        self.isDevelopment = isDevelopment
        self.clock = clock
        self.readiness = readiness
        self.metrics = metrics
        self.counters = counters
        started = clock.now()
    }

    package var table: [Route<Handler>] {
        [
            Route(.get, "/health", .health, access: .anyone, bodyLimit: .none, handler: .immediate(showHealth)),
            Route(.get, "/readyz", .readiness, access: .anyone, bodyLimit: .none, handler: .immediate(showReadiness)),
            Route(.get, "/metrics", .metrics, access: .anyone, bodyLimit: .none, handler: .background(showMetrics)),
        ]
    }

    /// Alive: says so as long as the process can answer at all.
    private func showHealth(_ request: Request) throws(APIError) -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.member("status", "ok")
        json.member("version", version)
        json.member("uptime_secs", uptimeSeconds)
        json.endObject()
        return .json(.ok, json.finish())
    }

    /// Wants traffic: fails from the first moment of a shutdown, before the ports close.
    private func showReadiness(_ request: Request) throws(APIError) -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.member("status", readiness.isReady ? "ready" : readiness.isDraining ? "draining" : "starting")
        json.endObject()
        return .json(readiness.isReady ? .ok : .serviceUnavailable, json.finish())
    }

    /// Open in development, else for admins. Prometheus text when `Accept` asks for text, else JSON. Off the
    /// loop: there may be thousands of shards to ask.
    private func showMetrics(_ request: Request) async throws(APIError) -> HTTPResponse {
        guard isDevelopment || request.identity.isAdmin else { throw .metricsUnauthorized }
        let accept = request.head.fields.joined(.accept) ?? ""
        if accept.contains("text/plain") || accept.contains("application/openmetrics-text") {
            var text = ByteBuffer()
            PrometheusText.write(metrics, into: &text)
            return HTTPResponse(.ok, contentType: PrometheusText.contentType, body: .bytes(text.copyBytes()))
        }
        return .json(.ok, metricsJSON())
    }

    private var uptimeSeconds: UInt64 { (clock.now() - started).wholeNanoseconds / 1_000_000_000 }

    /// The reference's object, with everything else under `metrics` by its Prometheus name.
    private func metricsJSON() -> ByteBuffer {
        var json = JSONWriter()
        json.beginObject()
        json.member("uptime_secs", uptimeSeconds)
        json.key("requests")
        json.beginObject()
        json.member("total", counters.requests.value)
        json.member("ok", counters.requestsOK.value)
        json.member("error", counters.requestsFailed.value)
        json.endObject()
        json.key("methods")
        json.beginObject()
        for entry in counters.methods where entry.method != .options {
            json.key(entry.method.token)
            json.value(entry.count.value)
        }
        json.endObject()
        json.key("metrics")
        json.beginObject()
        for metric in metrics.all { Self.write(metric, into: &json) }
        json.endObject()
        json.endObject()
        return json.finish()
    }

    private static func write(_ metric: MetricsRegistry.Metric, into json: inout JSONWriter) {
        json.key(metric.name)
        switch metric.reading {
        case .counter(let read): json.value(read())
        case .gauge(let read): json.value(read())
        case .labelled(_, let read):
            json.beginObject()
            for sample in read() {
                json.key(sample.label)
                json.value(sample.value)
            }
            json.endObject()
        case .histogram(let histogram):
            json.beginObject()
            for (bound, count) in zip(histogram.boundsMicroseconds, histogram.cumulativeCounts) {
                json.key("le_\(bound)us")
                json.value(count)
            }
            json.member("count", histogram.cumulativeCounts.last ?? 0)
            json.member("sum_seconds", histogram.sumSeconds)
            json.endObject()
        }
    }
}

extension RouteDescription {
    fileprivate static let health = RouteDescription(
        "getHealth", "Whether the process is alive.", topic: .operations,
        answers: [
            .ok(
                "It is.",
                .named(
                    "Health",
                    .object([
                        .required("status", .choice(["ok"])), .required("version", .text),
                        .required("uptime_secs", .count),
                    ])))
        ])

    fileprivate static let readiness = RouteDescription(
        "getReadiness", "Whether the process wants traffic.", topic: .operations,
        answers: [
            .ok("It does.", .object([.required("status", .choice(["ready"]))])),
            RouteAnswer(
                .serviceUnavailable, "It does not.",
                [.json(.object([.required("status", .choice(["starting", "draining"]))]))]),
        ])

    fileprivate static let metrics = RouteDescription(
        "getMetrics", "What the process counts, for administrators; in development for anyone.", topic: .operations,
        answers: [
            RouteAnswer(
                .ok, "JSON, or Prometheus text when `Accept` asks for text.",
                [.json(.named("Metrics", metricsSchema)), .text(mediaType: "text/plain")])
        ],
        failures: [.metricsUnauthorized])

    private static let metricsSchema = ValueSchema.object([
        .required("uptime_secs", .count),
        .required(
            "requests",
            .object([.required("total", .count), .required("ok", .count), .required("error", .count)])),
        .required("methods", .map(.count)), .required("metrics", .anyObject),
    ])
}
