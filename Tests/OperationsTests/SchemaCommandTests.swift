import PylonJSON
import PylonTestSupport
import Testing

@testable import PylonOperations

@Suite struct SchemaCommandTests {
    @Test func aValidManifestIsSaidToBe() async throws {
        let app = try TestApp()
        let outcome = try await app.run(["schema", "check"])
        #expect(outcome.output == "\(app.folder.manifestPath) is valid: 0 errors, 0 warnings")
        #expect(outcome.errors.isEmpty && outcome.status == .ok)
        #expect(try await app.run(["schema", "check", "--json"]).json == [])
    }

    @Test func everyProblemHasItsPlaceAndWhatToWriteInstead() async throws {
        let text = TestApp.manifest(
            titleType: "strin", extra: #",{"name":"id","type":"int","optional":true,"unique":false}"#,
            policies: #"{"name":"own","entity":"Todo","allow":"auth.userId = data.ownerId"}"#)
        let app = try TestApp(text)
        let outcome = try await app.run(["schema", "check", "--json"])
        #expect(outcome.status == .failure)
        let found = try outcome.json.array ?? []
        #expect(
            found.compactMap { $0["code"]?.string } == [
                "FIELD_TYPE_UNKNOWN", "FIELD_NAME_RESERVED", "POLICY_EXPRESSION_INVALID",
            ])
        #expect(
            found.compactMap { $0["span"]?["path"]?.string } == [
                "entities[0].fields[0].type", "entities[0].fields[2].name", "policies[0].allow",
            ])
        #expect(
            found.allSatisfy { $0["span"]?["file"]?.string == app.folder.manifestPath && $0["hint"]?.string != nil })
        let lines = try await app.run(["schema", "check"]).output.split(separator: "\n")
        #expect(lines.count == 4 && lines.last?.hasSuffix("cannot be used: 3 errors, 0 warnings") == true)
    }

    @Test func whatIsOpenAndWhatMeansNothingIsAWarning() async throws {
        let app = try TestApp(
            TestApp.manifest(policies: #"{"name":"own","entity":"Todo","allowRead":"auth.email == data.ownr"}"#))
        let found = try await app.run(["schema", "check", "--json"])
        #expect(found.status == .ok)
        let list = try found.json.array ?? []
        #expect(list.allSatisfy { $0["severity"] == "warning" })
        #expect(
            list.compactMap { $0["code"]?.string } == ["POLICY_NAME_UNKNOWN", "POLICY_NAME_UNKNOWN", "ENTITY_OPEN"])
        #expect(list[2]["message"] == "no policy: anyone may insert, update, delete Todo")
        #expect(list[2]["span"]?["path"] == "entities[0]")
        #expect(list[2]["hint"]?.string?.contains("PYLON_REQUIRE_POLICIES=1") == true)
        let required = try await app.run(["schema", "check", "--json"], environment: ["PYLON_REQUIRE_POLICIES": "1"])
        #expect(try required.json.array?.count == 2)
    }

    @Test func aManifestThatIsNotThereIsADiagnosticToo() async throws {
        let outcome = try await TestApp().run(["schema", "check", "/nowhere/app.json", "--json"])
        #expect(outcome.status == .failure)
        #expect(try outcome.json[0]?["code"] == "MANIFEST_READ_FAILED")
    }

    @Test func aPlanComesFromTheFileAndChangesNothing() async throws {
        let app = try TestApp()
        let plan = try await app.run(["schema", "plan", "--json"])
        #expect(try plan.json["operations"]?.array?.map { $0["op"] } == ["create_entity"])
        #expect(plan.status == .ok)
        #expect(try await app.run(["schema", "inspect"]).status == .unavailable, "a plan makes no file")
        #expect(try await app.run(["schema", "push"]).status == .ok)
        #expect(try await app.run(["schema", "plan"]).output == "nothing to do")
        #expect(try await app.run(["schema", "plan", "--json"]).json["operations"] == [["op": "noop"]])
    }

    @Test func aPushIsWrittenIntoTheHistory() async throws {
        let app = try TestApp()
        let first = try await app.run(["schema", "push", "--json"])
        #expect(try first.json["outcome"] == "applied")
        #expect(try await app.run(["schema", "push", "--json"]).json["outcome"] == "unchanged")
        try app.folder.replaceManifest(
            TestApp.manifest(extra: #",{"name":"due","type":"datetime","optional":true,"unique":false}"#))
        let dry = try await app.run(["schema", "push", "--dry-run", "--json"])
        #expect(try dry.json["outcome"] == "dry_run")
        #expect(try await app.run(["schema", "push"]).output.contains("restart it"))
        let history = try await app.run(["schema", "history", "--json"]).json
        #expect(history.array?.compactMap { $0["id"]?.int } == [2, 1])
        #expect(history[0]?["plan"]?["operations"]?[0]?["op"] == "add_field")
        #expect(history[0]?["baseline"] == false && history[1]?["baseline"] == true)
        #expect(history[1]?["app_version"] == "1.2.3")
        let latest = try await app.run(["schema", "history", "--limit", "1"]).output
        #expect(latest.hasPrefix("2  20") && latest.hasSuffix("app 1.2.3  1 operation"), "\(latest)")
    }

    @Test func inspectShowsTheTablesAsTheyAre() async throws {
        let app = try TestApp()
        #expect(try await app.run(["schema", "push"]).status == .ok)
        #expect(
            try await app.run(["schema", "inspect"]).output == """
                Todo (empty)
                  id       TEXT primary key
                  title    TEXT
                  ownerId  TEXT optional
                  index Todo_by_owner on ownerId
                """)
        let table = try await app.run(["schema", "inspect", "--json"]).json["tables"]?[0]
        #expect(table?["name"] == "Todo" && table?["empty"] == true)
        #expect(
            table?["columns"]?[1] == [
                "name": "title", "column_type": "TEXT", "optional": false, "unique": false, "primary_key": false,
            ])
        #expect(table?["indexes"] == [["name": "Todo_by_owner", "fields": ["ownerId"], "unique": false]])
    }

    @Test func aDestructivePushIsRefusedByNameUnlessAskedFor() async throws {
        let app = try TestApp()
        #expect(try await app.run(["schema", "push"]).status == .ok)
        try await app.insert(id: "1", title: "milk", owner: "u1")
        try app.folder.replaceManifest(TestApp.manifest(titleType: "int"))
        #expect(try await app.run(["schema", "plan"]).output.contains("--allow-destructive"))
        for refused in [
            try await app.run(["schema", "push", "--json"]),
            try await app.run(["schema", "push", "--json", "--dry-run"]),
        ] {
            #expect(refused.status == .failure)
            let codes = try refused.json.array?.compactMap { $0["code"]?.string }
            #expect(codes?.first == "PUSH_BLOCKED" && codes?.count == 2)
            #expect(try refused.json[1]?["message"]?.string?.contains("Todo.title") == true)
        }
        let text = try await app.run(["schema", "push"])
        #expect(
            text.output.isEmpty && text.errors.contains("Todo.title") && text.errors.contains("--allow-destructive"))
        #expect(try await app.run(["schema", "inspect"]).output.contains("title    TEXT"), "nothing was changed")
        #expect(try await app.run(["schema", "push", "--allow-destructive"]).status == .ok)
        #expect(try await app.run(["schema", "inspect"]).output.contains("title    INTEGER"))
    }
}
