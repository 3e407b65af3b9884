internal import PylonBenchKit

/// Whether ticks stay on time while all rows are exported, and while queries read the whole table to its end.
struct DataTicks {
    private static let shards = 20
    private static let rateHz = 60

    private let rig: Rig
    private let options: DataOptions
    private let folder: ScratchFolder
    private let manifest: String

    init(_ rig: Rig, _ options: DataOptions, _ folder: ScratchFolder, manifest: String) {
        self.rig = rig
        self.options = options
        self.folder = folder
        self.manifest = manifest
    }

    func measure(_ run: Int) throws(BenchError) -> Figures {
        let server = try start()
        defer { server.stop() }
        var figures = Figures()
        figures.add("case", "ticks")
        figures.add("rows", options.rows)
        figures.add("shards", Self.shards)
        figures.add("hz", Self.rateHz)
        let quiet = try lateness(server)
        quiet.add(to: &figures, prefix: "quiet_")
        // The server makes few exports at a time.
        for (name, request, connections) in [("export", Self.export, 1), ("bad_query", Self.badQuery, 2)] {
            let load = try RequestLoad.open(
                RequestLoad.Options(
                    port: server.httpPort, connections: connections, requests: [request],
                    token: ServerUnderTest.token), folder, rig.signals)
            defer { load.close() }
            try load.start(seconds: options.seconds + 1, warmup: .milliseconds(500))
            try rig.signals.sleep(.seconds(1))
            let busy = try lateness(server)
            let result = try load.finish(within: .seconds(options.seconds + 30))
            figures.add("\(name)s_per_second", result.perSecond, places: 2)
            figures.add("\(name)_mb_per_second", Double(result.bodyBytes) / 1e6 / result.seconds, places: 1)
            figures.add("\(name)_unexpected", result.unexpected)
            busy.add(to: &figures, prefix: "\(name)_")
            let growth = (busy.histogram.quantile(0.99) - quiet.histogram.quantile(0.99)) * 1000
            figures.add("\(name)_p99_growth_ms", growth)
            figures.expect("\(name)_p99_growth_ms", .atMost(Self.growthMaximumMilliseconds))
            figures.expect("\(name)_unexpected", .atMost(0))
        }
        return figures
    }

    /// What counts as unchanged: a fiftieth of the time between two ticks.
    private static let growthMaximumMilliseconds = 1000 / Double(rateHz) / 50

    private static let export = RequestScript.Request("GET", "/api/export/Product")

    /// Every row has its text looked through, and none is found.
    private static let badQuery = RequestScript.Request(
        "POST", "/api/query/Product", body: #"{"body":{"$like":"no%such%text"},"$order":{"title":"desc"}}"#)

    /// The server with its shards, and with its table filled when no run before has done so.
    private func start() throws(BenchError) -> ServerUnderTest {
        let shards = (0..<Self.shards).map { ShardDefinition(number: $0, rateHz: Self.rateHz, payloadBytes: 512) }
        let server = try rig.startServer(app: manifest, database: folder.file("app.db"), shards: shards)
        do throws(BenchError) {
            let page = try server.request("GET", "/api/entities/Product/cursor?limit=1")
            if try JSONObjectText(page).rowIDs.isEmpty {
                Console.note("inserting \(options.rows) rows")
                try LoadedApp.fill(server, "Product", options.rows, folder, rig.signals)
            }
            try rig.signals.sleep(.seconds(1))
            return server
        } catch {
            server.stop()
            throw error
        }
    }

    private func lateness(_ server: ServerUnderTest) throws(BenchError) -> TickLateness {
        let before = try server.metrics()
        try rig.signals.sleep(.seconds(options.seconds))
        return TickLateness(from: before, to: try server.metrics())
    }
}
