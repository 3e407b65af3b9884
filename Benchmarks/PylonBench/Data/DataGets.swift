internal import PylonBenchKit

/// Rows by id beside nginx, which returns one row's bytes from its memory, and beside the server's own answer from memory.
struct DataGets {
    /// Rows that are asked for.
    private static let idsCount = 2000

    private let app: LoadedApp

    init(_ app: LoadedApp) {
        self.app = app
    }

    func measure(_ run: Int) throws(BenchError) -> Figures {
        let ids = try productIDs()
        guard let first = ids.first else { throw .process("there are no products") }
        let row = try app.server.request("GET", "/api/entities/Product/\(first)")
        var results: [Side: RequestLoad.Result] = [:]
        for side in Rig.order(run: run) {
            results[side] = side == .floor ? try measureNginx(row) : try measureServer(ids)
        }
        let health = try app.run(
            [.init("GET", "/health")], connections: app.options.connections, asGuest: false)
        guard let pylon = results[.pylon] else { throw .interrupted }
        let nginx = results[.floor]
        var figures = Figures()
        figures.add("case", "get")
        figures.add("connections", app.options.connections)
        figures.add("body_bytes", pylon.bytesEach)
        figures.add("gets_per_second", pylon.perSecond, places: 0)
        figures.add("p50_ms", pylon.p50Milliseconds)
        figures.add("p99_ms", pylon.p99Milliseconds)
        figures.add("us_per_get", pylon.cpuMicrosecondsEach, places: 2)
        figures.add("unexpected", pylon.unexpected)
        figures.add("nginx_per_second", nginx?.perSecond, places: 0)
        figures.add("nginx_p99_ms", nginx?.p99Milliseconds)
        figures.add("nginx_us_per_get", nginx?.cpuMicrosecondsEach, places: 2)
        figures.add("health_per_second", health.perSecond, places: 0)
        figures.add("of_nginx", nginx.map { pylon.perSecond / $0.perSecond })
        figures.expect("of_nginx", .atLeast(0.5))
        figures.expect("unexpected", .atMost(0))
        return figures
    }

    /// Ids from all over the table.
    private func productIDs() throws(BenchError) -> [String] {
        var ids: [String] = []
        let pages = 40
        for page in 0..<pages {
            let offset = app.options.rows / pages * page
            let answer = try app.server.request(
                "GET", "/api/entities/Product?limit=\(Self.idsCount / pages)&offset=\(offset)")
            ids += try JSONObjectText(answer).rowIDs
        }
        return ids
    }

    private func measureServer(_ ids: [String]) throws(BenchError) -> RequestLoad.Result {
        try app.run(
            ids.map { .init("GET", "/api/entities/Product/\($0)") }, connections: app.options.connections,
            asGuest: false)
    }

    /// Nil when there is no nginx.
    private func measureNginx(_ row: String) throws(BenchError) -> RequestLoad.Result? {
        guard let path = app.options.nginxPath else { return nil }
        let nginx = try StaticServer.start(path, body: row, app.folder, app.rig.signals)
        defer { nginx.stop() }
        let load = try RequestLoad.open(
            RequestLoad.Options(
                port: nginx.port, connections: app.options.connections, requests: [.init("GET", "/")]), app.folder,
            app.rig.signals)
        defer { load.close() }
        return try load.run(seconds: app.options.seconds, using: nginx.process.pid)
    }
}
