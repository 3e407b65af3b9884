internal import Glibc
internal import PylonBenchKit

/// Rows over HTTP beside what the same work costs in C: SQLite alone, and a server that answers from memory.
struct Data: Scenario {
    static let name = "data"
    static let grammar = Arguments.Grammar(
        values: ["case", "connections", "rows", "seconds", "nginx", "folder"])
    static let usage = """
        pylon-bench data [--case inserts,get,list,policy,query,search,ticks] [--connections 64] [--rows 100000]
                         [--seconds 4] [--nginx PATH] [--folder DIR]
          Inserts, gets, lists, queries and searches rows over connections that are kept, one request outstanding on
          each, beside SQLite in a loop in C on the same core; and ticks beside exports and bad queries.
          --connections   of inserts and gets
          --rows          of the table that is queried, searched and exported
          --nginx         what gets are compared with; without it they are not
          --folder        where databases are made, on a disk (default: $TMPDIR or /tmp)
        """

    /// What can be measured, in the order in which it is.
    enum Case: String, CaseIterable {
        case inserts, get, list, policy, query, search, ticks
    }

    private let rig: Rig
    private let cases: [Case]
    private let folder: String
    private let options: DataOptions

    init(_ arguments: Arguments, _ rig: Rig) throws(BenchError) {
        self.rig = rig
        var cases: [Case] = []
        for word in (arguments.values["case"] ?? "").split(separator: ",") {
            guard let named = Case(rawValue: String(word)) else { throw .usage("no case is called \(word)") }
            cases.append(named)
        }
        self.cases = cases.isEmpty ? Case.allCases : Case.allCases.filter(cases.contains)
        folder = arguments.values["folder"] ?? getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        options = DataOptions(
            connections: try arguments.number("connections", default: 64, in: 1...10_000),
            rows: try arguments.number("rows", default: 100_000, in: 2000...10_000_000),
            seconds: try arguments.number("seconds", default: 4, in: 1...600), nginxPath: arguments.values["nginx"])
        if let path = options.nginxPath, access(path, X_OK) != 0 { throw .usage("no executable at \(path)") }
        try Rig.checkFileLimit(clients: options.connections)
    }

    func run(_ output: Output) throws(BenchError) {
        let folder = try ScratchFolder(in: folder)
        let manifest = try folder.write(BenchApp.manifest, to: "app.json")
        if cases.contains(.inserts) {
            let inserts = try DataInserts(rig, options, folder, manifest: manifest)
            try measure(.inserts, output, inserts.measure)
        }
        if !cases.allSatisfy({ $0 == .inserts || $0 == .ticks }) {
            let app = try LoadedApp(rig, options, folder, manifest: manifest)
            defer { app.server.stop() }
            for name in cases {
                switch name {
                case .get: try measure(name, output, DataGets(app).measure)
                case .list: try measure(name, output, DataLists(app).measure)
                case .policy: try measure(name, output, DataPolicy(app).measure)
                case .query: try measure(name, output, DataQueries(app).measure)
                case .search:
                    for text in DataSearches.texts { try measure(name, output, DataSearches(app, text).measure) }
                case .inserts, .ticks: break
                }
            }
        }
        if cases.contains(.ticks) {
            try measure(.ticks, output, DataTicks(rig, options, folder, manifest: manifest).measure)
        }
    }

    private func measure(
        _ name: Case, _ output: Output, _ body: (Int) throws(BenchError) -> Figures
    ) throws(BenchError) {
        output.print(try rig.median("data, \(name.rawValue)", body), of: Self.self)
    }
}

/// What all cases are told.
struct DataOptions {
    var connections: Int
    var rows: Int
    var seconds: Int
    var nginxPath: String?
}
