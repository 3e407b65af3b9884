internal import PylonBenchKit

/// A list of 1,000 rows beside the same statement stepped in C into a buffer.
struct DataLists {
    /// Enough to keep the server's core busy.
    static let connections = 4
    static let target = "/api/entities/Item?limit=\(LoadedApp.listRows)"

    private let app: LoadedApp

    init(_ app: LoadedApp) {
        self.app = app
    }

    func measure(_ run: Int) throws(BenchError) -> Figures {
        var floor: SQLiteFloor.Result?
        var pylon: RequestLoad.Result?
        for side in Rig.order(run: run) {
            if side == .floor {
                floor = try app.runFloor(
                    ["SELECT \(LoadedApp.columns(of: "Item")) FROM \"Item\" ORDER BY \"id\" LIMIT ?"],
                    parameters: [["\(LoadedApp.listRows)"]])
            } else {
                pylon = try app.run([.init("GET", Self.target)], connections: Self.connections)
            }
        }
        let alone = try app.run([.init("GET", Self.target)], connections: 1)
        guard let floor, let pylon else { throw .interrupted }
        guard floor.rows == floor.operations * LoadedApp.listRows else { throw .process("the list is not complete") }
        var figures = Figures()
        figures.add("case", "list")
        figures.add("rows", LoadedApp.listRows)
        figures.add("connections", Self.connections)
        figures.add("body_bytes", pylon.bytesEach)
        figures.add("c_bytes", floor.bytes / max(floor.operations, 1))
        figures.add("lists_per_second", pylon.perSecond, places: 0)
        figures.add("us_per_list", 1e6 / pylon.perSecond, places: 0)
        figures.add("cpu_us_per_list", pylon.cpuMicrosecondsEach, places: 0)
        figures.add("unexpected", pylon.unexpected)
        figures.add("one_connection_us_per_list", 1e6 / alone.perSecond, places: 0)
        figures.add("c_us_per_list", floor.microsecondsEach, places: 0)
        figures.add("ratio", 1e6 / pylon.perSecond / floor.microsecondsEach)
        figures.expect("ratio", .atMost(1.5))
        figures.expect("unexpected", .atMost(0))
        return figures
    }
}

/// What a rule costs that SQLite applies: a list of 1,000 rows by their owner, beside one of rows that are open to everybody.
struct DataPolicy {
    private let app: LoadedApp

    init(_ app: LoadedApp) {
        self.app = app
    }

    func measure(_ run: Int) throws(BenchError) -> Figures {
        var open: RequestLoad.Result?
        var owned: RequestLoad.Result?
        for side in Rig.order(run: run) {
            if side == .floor { open = try list("Item") } else { owned = try list("OwnedItem") }
        }
        guard let open, let owned else { throw .interrupted }
        var figures = Figures()
        figures.add("case", "policy")
        figures.add("rows", LoadedApp.listRows)
        figures.add("us_per_open_list", 1e6 / open.perSecond, places: 0)
        figures.add("us_per_owned_list", 1e6 / owned.perSecond, places: 0)
        figures.add("unexpected", open.unexpected + owned.unexpected)
        // The names of the entities differ by nothing in these answers.
        figures.add("same_bytes", open.bytesEach == owned.bytesEach)
        figures.add("overhead", open.perSecond / owned.perSecond - 1)
        figures.expect("overhead", .atMost(0.1))
        figures.expect("same_bytes", .isTrue)
        figures.expect("unexpected", .atMost(0))
        return figures
    }

    private func list(_ entity: String) throws(BenchError) -> RequestLoad.Result {
        try app.run(
            [.init("GET", "/api/entities/\(entity)?limit=\(LoadedApp.listRows)")], connections: DataLists.connections)
    }
}
