import PylonJSON
import Testing

@testable import PylonOperations

@Suite struct PolicyExplainTests {
    private func explain(
        _ app: TestApp, _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> CommandTable.Outcome {
        try await app.run(["policy", "explain"] + arguments, environment: environment)
    }

    /// The decision on a row, as JSON says it.
    private func decision(_ app: TestApp, _ arguments: [String]) async throws -> JSONValue? {
        let outcome = try await explain(app, arguments + ["--json"])
        #expect(outcome.status == .ok, "\(outcome)")
        return try outcome.json["explanations"]?[0]?["decision"]
    }

    @Test func aRowOnTheCommandLineIsJudgedForItsCaller() async throws {
        let app = try TestApp()
        let row = ["--operation", "read", "--entity", "Todo", "--row", #"{"title":"a","ownerId":"u1"}"#]
        #expect(try await decision(app, row + ["--user", "u1"]) == "allowed")
        #expect(try await decision(app, row + ["--user", "u2"]) == "denied")
        #expect(try await decision(app, row + ["--user", "u1", "--guest"]) == "allowed")
        #expect(try await decision(app, row) == "denied")
        #expect(try await decision(app, row + ["--anonymous"]) == "denied")
        #expect(try await decision(app, row + ["--admin"]) == "allowed")
        #expect(
            try await decision(app, ["--operation", "read", "--entity", "Todo", "--user", "u1"]) == "needs the row")
    }

    @Test func theTextMarksWhatDecided() async throws {
        let outcome = try await explain(
            try TestApp(),
            ["--operation", "delete", "--entity", "Todo", "--row", #"{"ownerId":"u2"}"#, "--user", "u1"])
        #expect(
            outcome.output == """
                delete Todo: denied, own.allow is not true
                * own.allow: auth.userId == data.ownerId
                *     auth.userId == data.ownerId  is false
                *       auth.userId  is "u1"
                *       data.ownerId  is "u2"
                """)
    }

    @Test func anUpdateIsJudgedOnBothRows() async throws {
        let outcome = try await explain(
            try TestApp(),
            [
                "--operation", "update", "--entity", "Todo", "--row", #"{"ownerId":"u1"}"#, "--set",
                #"{"ownerId":"u2"}"#, "--user", "u1", "--json",
            ])
        let json = try outcome.json
        #expect(json["allowed"] == false)
        #expect(json["explanations"]?.array?.map { $0["image"] } == ["stored", "changed"])
        #expect(json["explanations"]?.array?.map { $0["decision"] } == ["allowed", "denied"])
        #expect(json["explanations"]?[1]?["rule"] == "own.allow")
        #expect(json["explanations"]?[1]?["rules"]?[0]?["steps"]?[2]?["value"] == #""u2""#)
    }

    @Test func anInsertGetsTheCallersTenant() async throws {
        let app = try TestApp(
            TestApp.manifest(
                extra: #",{"name":"tenantId","type":"string","optional":true,"unique":false}"#,
                policies: #"{"name":"all","entity":"Todo","allow":"true"}"#))
        let insert = ["--operation", "insert", "--entity", "Todo", "--row", #"{"title":"a"}"#, "--user", "u1"]
        #expect(try await decision(app, insert + ["--tenant", "t1"]) == "allowed")
        #expect(try await decision(app, insert) == "denied")
    }

    @Test func anActionIsJudgedByItsInputAndTheCallersRoles() async throws {
        let app = try TestApp()
        let action = ["--action", "archive", "--user", "u1", "--roles", "author,editor", "--input"]
        #expect(try await decision(app, action + [#"{"all":false}"#]) == "allowed")
        #expect(try await decision(app, action + [#"{"all":true}"#]) == "denied")
        #expect(try await decision(app, ["--action", "archive", "--user", "u1"]) == "denied")
    }

    @Test func withoutAPolicyTheSettingDecides() async throws {
        let app = try TestApp(TestApp.manifest(policies: #"{"name":"r","entity":"Todo","allowRead":"true"}"#))
        let insert = ["--operation", "insert", "--entity", "Todo", "--row", "{}"]
        #expect(try await explain(app, insert).output.hasPrefix("insert Todo: allowed, no policy speaks of it"))
        let required = try await explain(app, insert, environment: ["PYLON_REQUIRE_POLICIES": "1"])
        #expect(required.output.hasPrefix("insert Todo: denied, no policy speaks of it"))
    }

    @Test(arguments: [
        (["--entity", "Todo"], "needs --operation and --entity"),
        (["--operation", "read"], "needs --operation and --entity"),
        (["--operation", "read", "--entity", "Todo", "--id", "a", "--row", "{}"], "--id and --row"),
        (["--operation", "insert", "--entity", "Todo", "--id", "a"], "an insert has no stored row"),
        (["--operation", "read", "--entity", "Todo", "--row", "{}", "--set", "{}"], "--set goes with"),
        (["--operation", "read", "--entity", "Todo", "--row", "{"], "--row must be JSON"),
        (["--operation", "read", "--entity", "Todo", "--row", #"{"titel":"a"}"#], "no field \"titel\""),
        (["--action", "archive", "--entity", "Todo"], "--entity does not go with --action"),
        (["--operation", "read", "--entity", "Todo", "--user", "a", "--admin"], "are two callers"),
        (["--operation", "read", "--entity", "Todo", "--guest", "--admin"], "are two callers"),
        (["--operation", "list", "--entity", "Todo"], "--operation must be one of"),
    ])
    func whatCannotBeMeantIsAUsageError(arguments: [String], words: String) async throws {
        let outcome = try await explain(try TestApp(), arguments)
        #expect(outcome.status == .usage)
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
    }

    @Test func unknownNamesAreErrorsWithASuggestion() async throws {
        let app = try TestApp()
        let entity = try await explain(app, ["--operation", "read", "--entity", "Tood"])
        #expect(entity.status == .failure && entity.errors.contains("did you mean Todo?"))
        let action = try await explain(app, ["--action", "archiv", "--json"])
        #expect(try action.json[0]?["code"] == "ACTION_NOT_FOUND")
        let row = ["--operation", "read", "--entity", "Todo", "--id", "nothing"]
        #expect(try await explain(app, row).status == .unavailable, "there is no database")
        #expect(try await app.run(["schema", "push"]).status == .ok)
        #expect(try await explain(app, row).status == .failure)
        try await app.insert(id: "nothing", title: "milk", owner: "u1")
        #expect(try await decision(app, row + ["--user", "u1"]) == "allowed")
        #expect(try await decision(app, row + ["--user", "u2"]) == "denied")
    }
}
