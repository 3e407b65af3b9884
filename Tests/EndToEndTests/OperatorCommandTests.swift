internal import Glibc
internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// The operator's commands of the built binary, alone and beside a running server.
@Suite struct OperatorCommandTests {
    struct Outcome {
        let status: Int32?
        let output: String
        let errors: String

        var json: JSONValue {
            get throws { try JSONParser.parse(output) }
        }
    }

    private static func manifest(extra: String = "", titleType: String = "string") -> String {
        #"""
        {"manifest_version":1,"name":"tests","version":"0.1.0","entities":[
          {"name":"Note","fields":[{"name":"title","type":"\#(titleType)","optional":false,"unique":false}\#(extra)],
           "indexes":[],"relations":[]},
          {"name":"Owned","fields":[{"name":"title","type":"string","optional":false,"unique":false},
            {"name":"ownerId","type":"string","optional":true,"unique":false}],"indexes":[],"relations":[]}],
         "routes":[],"queries":[],"actions":[],"policies":[
          {"name":"owner","entity":"Owned","allow":"auth.userId == data.ownerId"}]}
        """#
    }

    private static let due = #",{"name":"due","type":"datetime","optional":true,"unique":false}"#

    private let folder: AppFolder

    init() throws {
        folder = try AppFolder(manifest: Self.manifest())
    }

    /// Runs a command on the folder's files to its end.
    private func run(_ arguments: String...) throws -> Outcome {
        let files = ["PYLON_MANIFEST": folder.manifestPath, "PYLON_DB_PATH": folder.databasePath]
        let process = try ChildProcess(ChildProcess.pylon, arguments, environment: files)
        let output = try process.readAll()
        let status = process.waitForExit(within: TestSocket.patience)
        return Outcome(status: status, output: output, errors: process.errors)
    }

    private func insert(_ server: ServerHarness, _ entity: String, _ body: String) throws -> String {
        let answer = try server.request(
            "POST", "/api/entities/\(entity)", token: ServerHarness.adminToken, body: body)
        guard let id = answer.json["id"]?.string else { throw ProcessError.unexpected(answer.text) }
        return id
    }

    @Test(arguments: [
        (["sever"], "did you mean serve?"), (["shcema"], "did you mean schema?"),
        (["schema", "chekc"], "did you mean schema check?"), (["polic", "explain"], "did you mean policy?"),
        (["completely-else"], "unknown command completely-else; see --help"),
    ])
    func anUnknownCommandSuggestsTheNearest(arguments: [String], words: String) async throws {
        try await aside {
            let process = try ChildProcess(ChildProcess.pylon, arguments)
            #expect(try process.readAll().isEmpty)
            #expect(process.waitForExit(within: TestSocket.patience) == 64)
            #expect(process.errors.contains(words), "\(process.errors)")
            #expect(process.errors.hasPrefix("pylon: unknown command \(arguments[0])"))
        }
    }

    @Test func aBrokenManifestIsReportedWhole() async throws {
        try await aside {
            try folder.replaceManifest(Self.manifest(extra: #",{"name":"a b","type":"date"}"#))
            let text = try run("schema", "check")
            #expect(text.status == 1 && text.errors.isEmpty)
            #expect(text.output.contains("error FIELD_NAME_INVALID at entities[0].fields[1].name: "))
            #expect(text.output.contains("error FIELD_TYPE_UNKNOWN at entities[0].fields[1].type: "))
            let list = try run("schema", "check", "--json").json.array ?? []
            #expect(list.contains { $0["code"] == "FIELD_TYPE_UNKNOWN" && $0["severity"] == "error" })
            #expect(list.allSatisfy { $0["span"]?["file"]?.string == folder.manifestPath })
            for arguments in [["plan"], ["push"]] {
                let refused = try run("schema", arguments[0])
                #expect(refused.status == 1 && refused.errors.contains("FIELD_TYPE_UNKNOWN"))
            }
        }
    }

    @Test func planPushInspectAndHistoryAgree() async throws {
        try await aside {
            #expect(try run("schema", "inspect").status == 69)
            #expect(try run("schema", "plan").output.contains("+ entity Note with 1 fields"))
            #expect(try run("schema", "push").status == 0)
            try folder.replaceManifest(Self.manifest(extra: Self.due))
            let plan = try run("schema", "plan", "--json").json
            #expect(plan["operations"]?[0]?["op"] == "add_field" && plan["operations"]?[0]?["safety"] == "safe")
            let push = try run("schema", "push", "--json").json
            #expect(push["outcome"] == "applied" && push["operations"] == plan["operations"])
            let table = try run("schema", "inspect", "--json").json["tables"]?[0]
            #expect(table?["columns"]?.array?.compactMap { $0["name"]?.string } == ["id", "title", "due"])
            #expect(try run("schema", "history", "--json").json.array?.compactMap { $0["id"]?.int } == [2, 1])
        }
    }

    /// The server goes on with the tables it knows, and a push waits for its turn among its writes.
    @Test func aPushBesideARunningServerDisturbsNobody() async throws {
        try await aside {
            let server = try ServerHarness(folder.flags)
            let first = try insert(server, "Note", #"{"title":"before"}"#)
            let writer = try HTTPClient(port: server.port)
            for _ in 0..<300 { try writer.send("POST", "/api/entities/Note", body: #"{"title":"x"}"#) }
            try folder.replaceManifest(Self.manifest(extra: Self.due))
            let push = try run("schema", "push")
            #expect(push.status == 0, "\(push.errors)")
            #expect(push.output.contains("keeps the manifest it started with"))
            for _ in 0..<300 { #expect(try writer.readResponse().status == 201) }
            let row = try server.get("/api/entities/Note/\(first)").json
            #expect(row["title"] == "before" && row["due"] == nil)
            #expect(try run("schema", "plan").output.hasPrefix("nothing to do"))
            #expect(server.stop() == 0)
            let again = try ServerHarness(folder.flags)
            #expect(try again.get("/api/entities/Note/\(first)").json["due"] == .null)
            #expect(!again.log.contains("died"), "a command leaves the server's mark alone")
        }
    }

    @Test func aDestructivePlanIsRefusedByTheServerWhichNamesTheCommand() async throws {
        try await aside {
            do {
                let server = try ServerHarness(folder.flags)
                _ = try insert(server, "Note", #"{"title":"12"}"#)
                #expect(server.stop() == 0)
            }
            try folder.replaceManifest(Self.manifest(titleType: "int"))
            let start = try run("serve", "--port", "0")
            #expect(start.status == 1)
            let target = "--app \(folder.manifestPath) --db \(folder.databasePath)"
            #expect(start.errors.contains("see `pylon schema plan \(target)`"), "\(start.errors)")
            #expect(start.errors.contains("`pylon schema push \(target) --allow-destructive`"))
            let refused = try run("schema", "push", "--json")
            #expect(refused.status == 1)
            #expect(try refused.json[0]?["code"] == "PUSH_BLOCKED")
            #expect(try refused.json[1]?["message"]?.string?.contains("Note.title") == true)
            #expect(try run("schema", "push", "--allow-destructive").status == 0)
            #expect(try ServerHarness(folder.flags).get("/api/entities/Note").json["data"]?[0]?["title"] == 12)
        }
    }

    @Test func openEntitiesAreNamedAtTheStart() async throws {
        try await aside {
            let server = try ServerHarness(folder.flags)
            #expect(
                try server.eventually {
                    _ = try server.get("/health"); return server.log.contains("OPEN TO ANYONE: Note;")
                })
            #expect(
                server.log.contains(
                    "ENTITY_OPEN at entities[0]: no policy: anyone may read, insert, update, delete Note"))
            #expect(server.log.contains("PYLON_REQUIRE_POLICIES=1"))
            #expect(!server.log.contains("delete Owned"))
        }
    }

    // MARK: Backup

    /// What was acknowledged before the copying began is in the copy, and a backup makes no write fail.
    @Test func defect28ABackupUnderWritesIsComplete() async throws {
        try await aside {
            let server = try ServerHarness(folder.flags)
            let before = try (0..<50).map { try insert(server, "Note", #"{"title":"\#($0)"}"#) }
            let writers = try (0..<4).map { _ in try HTTPClient(port: server.port) }
            for writer in writers {
                for _ in 0..<200 { try writer.send("POST", "/api/entities/Note", body: #"{"title":"x"}"#) }
            }
            let copy = folder.file("copy.db")
            let backup = try run("backup", copy, "--json")
            #expect(backup.status == 0, "\(backup.errors)")
            for writer in writers {
                for _ in 0..<200 { #expect(try writer.readResponse().status == 201) }
            }
            #expect(try backup.json["bytes"]?.int ?? 0 > 0)
            #expect(try run("backup", copy).status == 1, "it is there already")
            #expect(access(copy + "-wal", F_OK) != 0)
            #expect(try server.get("/api/entities/Note").json["count"] == 850)
            #expect(server.stop() == 0)
            let restored = try ServerHarness(["--app", folder.manifestPath, "--db", copy])
            let rows = try restored.get("/api/entities/Note").json["data"]?.array ?? []
            #expect(Set(before).subtracting(rows.compactMap { $0["id"]?.string }) == [])
            #expect(rows.count <= 850)
        }
    }

    @Test func aRestoreNeedsTheServerGone() async throws {
        try await aside {
            let server = try ServerHarness(folder.flags)
            let kept = try insert(server, "Note", #"{"title":"kept"}"#)
            let copy = folder.file("copy.db")
            #expect(try run("backup", copy).status == 0)
            let late = try insert(server, "Note", #"{"title":"late"}"#)
            let refused = try run("restore", copy, "-y")
            #expect(refused.status == 69 && refused.errors.contains("stop the server first"), "\(refused.errors)")
            #expect(try server.get("/api/entities/Note/\(late)").status == 200)
            #expect(server.stop() == 0)
            #expect(try run("restore", copy).status == 64, "what is there is replaced only with -y")
            #expect(try run("restore", copy, "-y").status == 0)
            let again = try ServerHarness(folder.flags)
            #expect(try again.get("/api/entities/Note/\(kept)").status == 200)
            #expect(try again.get("/api/entities/Note/\(late)").status == 404)
            #expect(!again.log.contains("died"))
        }
    }

    // MARK: Policies

    @Test func aDenialIsExplainedBesideTheServer() async throws {
        try await aside {
            let server = try ServerHarness(folder.flags)
            let id = try insert(server, "Owned", #"{"title":"a","ownerId":"u2"}"#)
            let text = try run(
                "policy", "explain", "--operation", "read", "--entity", "Owned", "--id", id, "--user", "u1")
            #expect(text.status == 0)
            #expect(text.output.hasPrefix("read Owned: denied, owner.allow is not true\n"), "\(text.output)")
            #expect(text.output.contains("*       data.ownerId  is \"u2\""))
            let json = try run(
                "policy", "explain", "--operation", "update", "--entity", "Owned", "--id", id, "--user", "u2", "--set",
                #"{"ownerId":"u1"}"#, "--json"
            ).json
            #expect(json["allowed"] == false)
            #expect(json["explanations"]?.array?.compactMap { $0["decision"]?.string } == ["allowed", "denied"])
        }
    }

    // MARK: Metrics and settings

    @Test func theDatabaseIsMeasuredWhereThereIsOne() async throws {
        try await aside {
            let server = try ServerHarness(folder.flags)
            for number in 0..<3 { _ = try insert(server, "Note", #"{"title":"\#(number)"}"#) }
            _ = try server.get("/api/entities/Note")
            #expect(try server.metric("pylon_db_writes_total") ?? 0 >= 3)
            #expect(try server.metric("pylon_db_commits_total") ?? 0 >= 1)
            #expect(try server.metric("pylon_db_reads_total") ?? 0 >= 1)
            #expect(try server.metric("pylon_db_file_bytes") ?? 0 > 0)
            #expect(try server.metric("pylon_db_wal_bytes") ?? 0 > 0)
            #expect(try server.metric("pylon_db_writes_waiting") == 0)
            let bare = try ServerHarness(["--db", folder.file("none.db")])
            #expect(try bare.metric("pylon_uptime_seconds") != nil)
            #expect(try bare.metric("pylon_db_writes_total") == nil)
        }
    }

    @Test func limitsAreSettings() async throws {
        try await aside {
            let environment = ["PYLON_MAX_FILTER_CONDITIONS": "2", "PYLON_MAX_RESPONSE_BYTES": "4096"]
            let server = try ServerHarness(folder.flags, environment: environment)
            let filter = #"{"$or":[{"title":"a"},{"title":"b"},{"title":"c"}]}"#
            #expect(try server.request("POST", "/api/query/Note", body: filter).errorCode == "INVALID_QUERY")
            let title = String(repeating: "x", count: 1000)
            for _ in 0..<5 { _ = try insert(server, "Note", #"{"title":"\#(title)"}"#) }
            #expect(try server.get("/api/entities/Note?limit=2").status == 200)
            #expect(try server.get("/api/entities/Note").status != 200)
        }
    }
}
