internal import PylonBenchKit

/// A filter with an order and a limit on a large table beside the same statement in C.
struct DataQueries {
    private static let limit = 20

    private let app: LoadedApp

    init(_ app: LoadedApp) {
        self.app = app
    }

    func measure(_ run: Int) throws(BenchError) -> Figures {
        var floor: SQLiteFloor.Result?
        var pylon: RequestLoad.Result?
        for side in Rig.order(run: run) {
            if side == .floor { floor = try measureFloor() } else { pylon = try measureServer() }
        }
        guard let floor, let pylon else { throw .interrupted }
        guard floor.rows == floor.operations * Self.limit else { throw .process("a query found too little") }
        var figures = Figures()
        figures.add("case", "query")
        figures.add("rows", app.options.rows)
        figures.add("rows_found", Self.limit)
        figures.add("connections", app.options.connections)
        figures.addSideBySide(pylon, floor)
        return figures
    }

    private func measureServer() throws(BenchError) -> RequestLoad.Result {
        let requests = (0..<BenchApp.categories).map { number in
            RequestScript.Request(
                "POST", "/api/query/Product",
                body: """
                    {"category":"category \(number)","price":{"$gte":125},"$order":{"price":"desc"},\
                    "$limit":\(Self.limit)}
                    """)
        }
        return try app.run(requests, connections: app.options.connections)
    }

    private func measureFloor() throws(BenchError) -> SQLiteFloor.Result {
        let statement = """
            SELECT \(LoadedApp.columns(of: "Product")) FROM "Product" WHERE (("category" = ?) AND ("price" >= ?)) \
            ORDER BY "price" DESC, "id" LIMIT ?
            """
        let parameters = (0..<BenchApp.categories).map { ["category \($0)", "125", "\(Self.limit)"] }
        return try app.runFloor([statement], parameters: parameters)
    }
}

/// A search with facets on a large table beside the same statements in C.
struct DataSearches {
    /// What is looked for: rare words, and one that a tenth of the rows have.
    static let texts = ["hundredth word17", "tenth"]
    private static let limit = 20
    private static let connections = 16

    private let app: LoadedApp
    private let text: String

    init(_ app: LoadedApp, _ text: String) {
        self.app = app
        self.text = text
    }

    func measure(_ run: Int) throws(BenchError) -> Figures {
        var floor: SQLiteFloor.Result?
        var pylon: RequestLoad.Result?
        for side in Rig.order(run: run) {
            if side == .floor { floor = try measureFloor() } else { pylon = try measureServer() }
        }
        guard let floor, let pylon else { throw .interrupted }
        var figures = Figures()
        figures.add("case", "search")
        figures.add("text", text)
        figures.add("rows", app.options.rows)
        figures.add("rows_found", try found())
        figures.add("connections", Self.connections)
        figures.addSideBySide(pylon, floor)
        return figures
    }

    private var request: RequestScript.Request {
        .init(
            "POST", "/api/search/Product",
            body: #"{"query":"\#(text)","facets":["category","done"],"page":0,"page_size":\#(Self.limit)}"#)
    }

    private func measureServer() throws(BenchError) -> RequestLoad.Result {
        try app.run([request], connections: Self.connections)
    }

    private func found() throws(BenchError) -> Int {
        let answer = try app.server.request("POST", request.target, body: request.body)
        return try JSONObjectText(answer).number("total")
    }

    /// The statements that the server runs (Sources/Storage/Search.swift): the page, then the counts.
    private func measureFloor() throws(BenchError) -> SQLiteFloor.Result {
        let found = """
            FROM (SELECT rowid AS _fts_row, rank AS _fts_rank FROM "_fts_Product" WHERE "_fts_Product" MATCH ?1) \
            JOIN "Product" ON "Product".rowid = _fts_row
            """
        let hits = """
            SELECT \(LoadedApp.columns(of: "Product")) \(found) ORDER BY _fts_rank, "id" LIMIT \(Self.limit)
            """
        let facets = [0, 1].map { position in
            """
             UNION ALL SELECT * FROM (SELECT \(position), f\(position), count(*) FROM found \
            WHERE f\(position) IS NOT NULL GROUP BY f\(position) ORDER BY 3 DESC, 2 LIMIT 1000)
            """
        }
        let counts = """
            WITH found AS MATERIALIZED (SELECT "category" AS f0, "done" AS f1 \(found)) \
            SELECT -1, NULL, count(*) FROM found\(facets.joined())
            """
        return try app.runFloor([hits, counts], parameters: [[text]])
    }
}

extension Figures {
    /// The server's rate and that of the floor, and what one is of the other.
    fileprivate mutating func addSideBySide(_ pylon: RequestLoad.Result, _ floor: SQLiteFloor.Result) {
        add("body_bytes", pylon.bytesEach)
        add("per_second", pylon.perSecond, places: 0)
        add("p50_ms", pylon.p50Milliseconds)
        add("p99_ms", pylon.p99Milliseconds)
        add("cpu_us_each", pylon.cpuMicrosecondsEach, places: 1)
        add("unexpected", pylon.unexpected)
        add("c_per_second", floor.perSecond, places: 0)
        add("of_c", pylon.perSecond / floor.perSecond)
        expect("unexpected", .atMost(0))
    }
}
