internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// The API's document as the server hands it out.
@Suite(.blocking) struct OpenAPITests {
    private static let manifest = """
        {"manifest_version":1,"name":"todos","version":"0.3.0","routes":[],"entities":[{"name":"Todo","indexes":[],"fields":[
          {"name":"title","type":"string","optional":false,"unique":false},
          {"name":"done","type":"bool","optional":false,"unique":false}]}]}
        """

    /// The founding test `openapi_spec`.
    @Test func anyoneMayFetchTheDocument() throws {
        let folder = try AppFolder(manifest: Self.manifest)
        let server = try ServerHarness(folder.flags)
        let answer = try server.get("/api/openapi.json")
        #expect(answer.status == 200)
        #expect(answer.json["openapi"] == "3.0.3")
        #expect(answer.json["info"] == ["title": "todos", "version": "0.3.0"])
        let paths = try #require(answer.json["paths"]?.object)
        #expect(paths.count > 10)
        // A query does not lead elsewhere.
        #expect(try server.get("/api/openapi.json?pretty=1").status == 200)
    }

    @Test("defect 48: the paths in the document are those of the router")
    func thePathsInTheDocumentAreRouted() throws {
        let folder = try AppFolder(manifest: Self.manifest)
        let server = try ServerHarness(folder.flags)
        let paths = try #require(try server.get("/api/openapi.json").json["paths"]?.object)
        #expect(paths["/api/entities/Todo"] != nil)
        for (path, item) in paths.map({ ($0.key, $0.value) }) {
            // What a missing row or shard is answered with is not what a missing route is.
            let target = path.split(separator: "/").map { $0.hasPrefix("{") ? "x" : String($0) }.joined(separator: "/")
            for method in item.object?.keys ?? [] where !path.hasSuffix("/connect") && path != "/events" {
                let answer = try server.request(method.uppercased(), "/" + target)
                #expect(answer.json["error"]?["message"] != "There is no such route.", "\(method) \(path)")
                #expect(answer.status != 405, "\(method) \(path)")
            }
        }
    }

    @Test func theDocumentIsKeptByItsTag() throws {
        let server = try ServerHarness()
        let first = try server.get("/api/openapi.json")
        let tag = try #require(first.field("ETag"))
        let second = try server.get("/api/openapi.json", fields: ["If-None-Match: \(tag)"])
        #expect(second.status == 304)
        #expect(second.body.isEmpty)
        #expect(first.json["info"]?["title"] == "pylon")
    }
}
