internal import PylonBenchKit
internal import PylonJSON

/// The server with its tables filled: what the cases that read share.
struct LoadedApp {
    /// Rows of a list.
    static let listRows = 1000

    let rig: Rig
    let options: DataOptions
    let folder: ScratchFolder
    let server: ServerUnderTest
    /// A guest who owns every row of `OwnedItem`.
    let guest: (id: String, token: String)

    /// Starts the server on a database of its own and inserts the rows over HTTP.
    init(_ rig: Rig, _ options: DataOptions, _ folder: ScratchFolder, manifest: String) throws(BenchError) {
        self.rig = rig
        self.options = options
        self.folder = folder
        server = try rig.startServer(app: manifest, database: folder.file("app.db"))
        do throws(BenchError) {
            let answer = try JSONObjectText(try server.request("POST", "/api/auth/guest"))
            guest = (try answer.string("user_id"), try answer.string("token"))
            Console.note("inserting \(options.rows) rows")
            for (entity, count) in [
                ("Item", Self.listRows), ("OwnedItem", Self.listRows), ("Product", options.rows),
            ] {
                try Self.fill(server, entity, count, owner: guest.id, folder, rig.signals)
            }
        } catch {
            server.stop()
            throw error
        }
    }

    /// Inserts so many rows.
    static func fill(
        _ server: ServerUnderTest, _ entity: String, _ count: Int, owner: String = "nobody", _ folder: ScratchFolder,
        _ signals: Interruption
    ) throws(BenchError) {
        // One connection for each stretch of the rows; each sends its own in their order.
        let connections = 50
        guard count.isMultiple(of: connections) else { throw .usage("--rows must be a multiple of \(connections)") }
        let load = try RequestLoad.open(
            RequestLoad.Options(
                port: server.httpPort, connections: connections, depth: 4,
                requests: BenchApp.inserts(into: entity, count, owner: owner), token: ServerUnderTest.token,
                status: 201), folder, signals)
        defer { load.close() }
        let result = try load.send(count / connections)
        guard result.responses == count, result.unexpected == 0 else {
            throw .process("\(result.unexpected) of \(count) rows of \(entity) were refused")
        }
    }

    /// A load of requests on the server, for as long as a case lasts: as the guest, or as nobody.
    func run(
        _ requests: [RequestScript.Request], connections: Int, asGuest: Bool = true
    ) throws(BenchError) -> RequestLoad.Result {
        let load = try RequestLoad.open(
            RequestLoad.Options(
                port: server.httpPort, connections: connections, requests: requests,
                token: asGuest ? guest.token : ""), folder, rig.signals)
        defer { load.close() }
        return try load.run(seconds: options.seconds, using: server.pid)
    }

    /// Statements in a loop on the server's database, while the server has nothing to do.
    func runFloor(_ statements: [String], parameters: [[String]] = []) throws(BenchError) -> SQLiteFloor.Result {
        try SQLiteFloor.read(
            statements, parameters: parameters, path: folder.file("app.db"), seconds: options.seconds, rig.signals)
    }

    /// The columns of an entity as its statements name them, in the order of the answers.
    static func columns(of entity: String) -> String {
        let names = ["body", "category", "createdAt", "done", "id", "ownerId", "price", "quantity", "title"]
        return names.filter { $0 != "category" || entity == "Product" }.map { "\"\($0)\"" }.joined(separator: ", ")
    }
}

/// A JSON object that a server answered with.
struct JSONObjectText {
    private let value: JSONValue

    init(_ text: String) throws(BenchError) {
        do {
            value = try JSONParser.parse(Array(text.utf8).span)
        } catch {
            throw .process("no JSON: \(text.prefix(200))")
        }
    }

    /// A member that is a string.
    func string(_ name: String) throws(BenchError) -> String {
        guard let text = value[name]?.string else { throw .process("no \(name) in the answer") }
        return text
    }

    /// A member that is a whole number.
    func number(_ name: String) throws(BenchError) -> Int {
        guard let number = value[name]?.int else { throw .process("no \(name) in the answer") }
        return Int(number)
    }

    /// The ids of the rows in the member `data`.
    var rowIDs: [String] { value["data"]?.array?.compactMap { $0["id"]?.string } ?? [] }
}
