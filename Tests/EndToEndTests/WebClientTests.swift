internal import PylonTestSupport
internal import Testing

/// The client library for browsers, as the server hands it out.
@Suite(.blocking) struct WebClientTests {
    @Test func `every module that a page imports is there`() throws {
        let server = try ServerHarness()
        var waiting = ["/pylon.js"]
        var seen: Set<String> = []
        while let path = waiting.popLast() {
            guard seen.insert(path).inserted else { continue }
            let answer = try server.get(path)
            #expect(answer.status == 200, "\(path)")
            #expect(answer.field("Content-Type") == "text/javascript; charset=utf-8")
            waiting += Self.imports(in: answer.text, of: path)
        }
        #expect(seen.contains("/pylon/connection.js"))
        #expect(seen.count >= 9)
        #expect(try server.get("/pylon.d.ts").text.contains("export class ShardConnection"))
    }

    /// `from "./x.js"`, resolved against the importing file's folder.
    private static func imports(in script: String, of path: String) -> [String] {
        let folder = path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        return script.split(separator: "\n").compactMap { line in
            guard let start = line.firstRange(of: "from \"./") else { return nil }
            return "\(folder)/" + line[start.upperBound...].prefix { $0 != "\"" }
        }
    }
}
