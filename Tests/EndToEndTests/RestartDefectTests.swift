internal import Glibc
internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// Defects of the reference (spec/data.md 8) that show when a server starts, or starts again.
@Suite(.blocking) struct RestartDefectTests {
    private let folder: AppFolder

    init() throws {
        folder = try AppFolder(manifest: DefectApp.manifest)
    }

    /// 39: the log is in memory, and is made anew from every row at each start.
    @Test func defect39TheLogOutlivesTheProcess() throws {
        let (cursor, kept): (Int, String)
        do {
            let app = DefectApp(folder, try ServerHarness(folder.flags))
            kept = try app.insert("Open", #"{"title":"a"}"#)
            let gone = try app.insert("Open", #"{"title":"b"}"#)
            cursor = try app.cursor()
            #expect(try app.request("DELETE", "/api/entities/Open/\(gone)").status == 200)
            #expect(app.server.stop() == 0)
        }
        let app = DefectApp(folder, try ServerHarness(folder.flags))
        // What was missed meanwhile, and nothing else.
        #expect(try app.pull("Open", since: cursor).map { $0["kind"] } == ["delete"])
        let last = try app.cursor()
        #expect(last > cursor)
        #expect(try app.pull("Open").compactMap { $0["row_id"]?.string }.first == kept)
        _ = try app.insert("Open", #"{"title":"c"}"#)
        #expect(try app.pull("Open", since: last).compactMap { $0["seq"]?.int }.allSatisfy { $0 > last })
        // A cursor that this file never gave out.
        let ahead = try app.request("GET", "/api/sync/pull?since=\(last + 100)")
        #expect(ahead.status == 410)
        #expect(ahead.errorCode == "RESYNC_REQUIRED")
        #expect(ahead.json["error"]?["oldest_seq"]?.int != nil)
    }

    /// 41: an index has two names, and one of another entity takes it.
    @Test func defect41IndexesOfOneNameDoNotCollide() throws {
        let start = { try ServerHarness(folder.flags, environment: ["PYLON_LOG": "info"]) }
        let first = try start()
        #expect(first.stop() == 0)
        #expect(first.log.contains("the database was made to fit the manifest"))
        // Nothing is left to do, so each index is there under the name that is looked for.
        let second = try start()
        #expect(
            try second.request("POST", "/api/query/Owned", token: ServerHarness.adminToken, body: #"{"title":"a"}"#)
                .status == 200)
        #expect(second.stop() == 0)
        #expect(!second.log.contains("made to fit"))
    }

    /// 49: an unset switch is read as on in one place and as off in another.
    @Test func defect49OneSwitchMakesItDevelopment() throws {
        let session = #"{"user_id":"a"}"#
        for (environment, isDevelopment) in [
            ([:], false), (["PYLON_DEV_MODE": "0"], false), (["PYLON_DEV_MODE": "false"], false),
            (["PYLON_DEV_MODE": "1"], true), (["PYLON_DEV_MODE": "true"], true),
        ] {
            let server = try ServerHarness(folder.flags, environment: environment)
            #expect(
                try server.request("POST", "/api/auth/session", body: session).status == (isDevelopment ? 201 : 403))
            #expect(try server.get("/metrics").status == (isDevelopment ? 200 : 401))
            #expect((try server.get("/health").field("Access-Control-Allow-Origin") == "*") == isDevelopment)
        }
    }

    /// Whoever was told of a session has it, and whoever was told of its end has not, though the process dies right behind the answer.
    @Test func sessionsOutliveAKilledProcess() throws {
        let (guest, ended): ((token: String, userID: String), String)
        do {
            let server = try ServerHarness(folder.flags)
            ended = try server.guest().token
            #expect(try server.request("DELETE", "/api/auth/session", token: ended).json == ["revoked": true])
            guest = try server.guest()
            server.signal(SIGKILL)
            _ = server.waitForExit()
        }
        do {
            let server = try ServerHarness(folder.flags)
            let me = try server.get("/api/auth/me", token: guest.token).json
            #expect(me["user_id"]?.string == guest.userID && me["is_guest"] == true)
            #expect(try server.get("/api/auth/me", token: ended).json["user_id"] == .null)
            #expect(try server.metric("pylon_sessions") == 1)
            #expect(server.stop() == 0)
        }
        let forgetful = try ServerHarness(folder.flags, environment: ["PYLON_SESSION_IN_MEMORY": "1"])
        #expect(try forgetful.get("/api/auth/me", token: guest.token).json["user_id"] == .null)
    }
}
