internal import PylonBenchKit

/// Durable inserts over HTTP beside inserts in C that commit one by one, and 64 at a time.
struct DataInserts {
    private static let rowsPerCommit = 64

    private let rig: Rig
    private let options: DataOptions
    private let folder: ScratchFolder
    private let manifest: String

    /// Makes a database whose tables the floor copies.
    init(_ rig: Rig, _ options: DataOptions, _ folder: ScratchFolder, manifest: String) throws(BenchError) {
        self.rig = rig
        self.options = options
        self.folder = folder
        self.manifest = manifest
        try rig.startServer(app: manifest, database: folder.file("schema.db")).stop()
    }

    func measure(_ run: Int) throws(BenchError) -> Figures {
        var floors: [SQLiteFloor.Result] = []
        var pylon: RequestLoad.Result?
        for side in Rig.order(run: run) {
            if side == .floor { floors = try measureFloors() } else { pylon = try measureServer(isPinned: true) }
        }
        let free = try measureServer(isPinned: false)
        guard let pylon, floors.count == 3 else { throw .interrupted }
        var figures = Figures()
        figures.add("case", "inserts")
        figures.add("connections", options.connections)
        figures.add("inserts_per_second", pylon.perSecond, places: 0)
        figures.add("p50_ms", pylon.p50Milliseconds)
        figures.add("p99_ms", pylon.p99Milliseconds)
        figures.add("us_per_insert", pylon.cpuMicrosecondsEach, places: 1)
        figures.add("unexpected", pylon.unexpected)
        figures.add("c_1_a_commit_per_second", floors[0].perSecond, places: 0)
        figures.add("c_64_a_commit_per_second", floors[1].perSecond, places: 0)
        figures.add("c_64_a_commit_logged_per_second", floors[2].perSecond, places: 0)
        figures.add("times_c_1_a_commit", pylon.perSecond / floors[0].perSecond, places: 2)
        figures.add("of_c_64_a_commit", pylon.perSecond / floors[1].perSecond)
        figures.add("of_c_64_a_commit_logged", pylon.perSecond / floors[2].perSecond)
        figures.add("two_cores_inserts_per_second", free.perSecond, places: 0)
        figures.add("two_cores_of_c_64_a_commit", free.perSecond / floors[1].perSecond)
        figures.expect("times_c_1_a_commit", .atLeast(10))
        figures.expect("of_c_64_a_commit", .atLeast(0.5))
        figures.expect("unexpected", .atMost(0))
        return figures
    }

    /// The bare table one by one, the bare table 64 at a time, and that with the change log, as the server writes it.
    private func measureFloors() throws(BenchError) -> [SQLiteFloor.Result] {
        var results: [SQLiteFloor.Result] = []
        for (rows, isLogged) in [(1, false), (Self.rowsPerCommit, false), (Self.rowsPerCommit, true)] {
            results.append(
                try SQLiteFloor.insert(
                    rowsPerCommit: rows, isLogged: isLogged, schema: "schema.db", seconds: options.seconds, folder,
                    rig.signals))
        }
        return results
    }

    private func measureServer(isPinned: Bool) throws(BenchError) -> RequestLoad.Result {
        folder.removeDatabase("inserts.db")
        let server = try rig.startServer(app: manifest, database: folder.file("inserts.db"), isPinned: isPinned)
        defer {
            server.stop()
            folder.removeDatabase("inserts.db")
        }
        let load = try RequestLoad.open(
            RequestLoad.Options(
                port: server.httpPort, connections: options.connections,
                requests: BenchApp.inserts(into: "Entry", 5000), token: ServerUnderTest.token, status: 201), folder,
            rig.signals)
        defer { load.close() }
        return try load.run(seconds: options.seconds, using: server.pid)
    }
}
