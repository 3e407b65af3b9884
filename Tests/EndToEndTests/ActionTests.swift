internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// Actions that the manifest declares and no code is bound to: their checks, and the echo of the reference (spec/data.md 3.8).
@Suite(.blocking) struct ActionTests {
    private static let manifest = #"""
        {"manifest_version":1,"name":"actions","version":"1","entities":[
          {"name":"Todo","fields":[{"name":"title","type":"string","optional":false,"unique":false}],"indexes":[]}],
         "routes":[],
         "actions":[
           {"name":"toggle","input":[
             {"name":"todoId","type":"id(Todo)","optional":false,"unique":false},
             {"name":"times","type":"int","optional":true,"unique":false}]},
           {"name":"plain","input":[{"name":"todoId","type":"id(Todo)","optional":false,"unique":false}]},
           {"name":"open"}],
         "policies":[{"name":"can","action":"toggle","allow":"auth.userId != null && input.todoId != 'secret'"}]}
        """#

    private let folder: AppFolder
    private let server: ServerHarness

    init() throws {
        folder = try AppFolder(manifest: Self.manifest)
        server = try ServerHarness(folder.flags)
    }

    @Test func anActionWithoutCodeIsEchoedAndSaysSo() throws {
        let guest = try server.guest()
        let body = #"{"todoId":"a","more":[1]}"#
        let answer = try server.request("POST", "/api/actions/toggle", token: guest.token, body: body)
        #expect(answer.status == 200)
        #expect(answer.json == ["action": "toggle", "executed": false, "input": ["todoId": "a", "more": [1]]])
        #expect(try server.request("POST", "/api/actions/open", body: "{}").status == 200)
        #expect(server.log.contains("action open"))
    }

    @Test(
        arguments: [
            ("toggle", "{", true, 400, "INVALID_JSON"), ("toggle", "[]", true, 400, "INVALID_JSON"),
            ("toggle", #"{"todoId":"a"}"#, false, 403, "POLICY_DENIED"),
            ("toggle", #"{"todoId":"secret"}"#, true, 403, "POLICY_DENIED"),
            ("nothing", "{}", true, 404, "ACTION_NOT_FOUND"),
            ("plain", "{}", true, 400, "ACTION_MISSING_INPUT"),
            ("plain", #"{"todoId":null}"#, false, 400, "ACTION_MISSING_INPUT"),
            ("toggle", #"{"todoId":5}"#, true, 400, "VALIDATION_FAILED"),
            ("toggle", #"{"todoId":"a","times":"many"}"#, true, 400, "VALIDATION_FAILED"),
        ])
    func theRuleComesFirstThenTheNameThenTheInput(
        name: String, body: String, isSignedIn: Bool, status: Int, code: String
    ) throws {
        let token = isSignedIn ? try server.guest().token : nil
        let answer = try server.request("POST", "/api/actions/\(name)", token: token, body: body)
        #expect(answer.status == status)
        #expect(answer.errorCode == code, "\(answer.text)")
    }

    @Test func actionsAreOnlyPosted() throws {
        #expect(try server.get("/api/actions/open").status == 405)
    }
}
