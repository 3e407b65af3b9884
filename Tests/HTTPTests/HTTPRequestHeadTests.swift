import PylonHTTP
import Testing

@Suite struct HTTPRequestHeadTests {
    @Test(arguments: [
        ("/", []), ("/x", ["x"]), ("/x/", ["x"]), ("//", [""]), ("///", ["", ""]), ("/x//", ["x", ""]),
        ("//x", ["", "x"]), ("/a/b", ["a", "b"]), ("/a//b", ["a", "", "b"]), ("/a%2Fb/c", ["a/b", "c"]),
        ("/a%2fb/", ["a/b"]), ("/%2F", ["/"]), ("/%20%25", [" %"]), ("/a+b", ["a+b"]), ("/../.", ["..", "."]),
        ("/%2e%2E", [".."]), ("/%C3%A9%F0%9F%98%80", ["é😀"]), ("/x?y/z", ["x"]), ("/?/a", []), ("/%3f%23", ["?#"]),
        ("/%0A%7f", ["\n\u{7F}"]), ("http://h/a/b%2Fc", ["a", "b/c"]), ("http://h", []), ("http://h?a/b", []),
        ("http://h//", [""]), ("/http://h/a", ["http:", "", "h", "a"]),
    ])
    func `a path is split before it is decoded`(_ target: String, _ segments: [String]) throws {
        #expect(try get(target).segments == segments)
    }

    @Test func `the parts of a target are kept as sent`() throws {
        let origin = try get("/a%20b?c=d?e&f")
        #expect(origin.rawTarget == "/a%20b?c=d?e&f")
        #expect(origin.rawPath == "/a%20b")
        #expect(origin.rawQuery == "c=d?e&f")
        #expect(origin.authority == "a")
        let absolute = try get("http://[::1]:80/x?")
        #expect(absolute.rawPath == "/x")
        #expect(absolute.rawQuery == "")
        #expect(absolute.authority == "[::1]:80")
        #expect(absolute.fields.first(.host) == "a")
        let bare = try get("http://b?q")
        #expect(bare.rawPath == "/")
        #expect(bare.rawQuery == "q")
        #expect(try get("/").rawQuery == nil)
        let asterisk = try head("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(asterisk.rawPath == "*")
        #expect(asterisk.segments == ["*"])
        #expect(try head("GET / HTTP/1.0\r\n\r\n").authority == nil)
    }

    @Test func `lists are read over repeated fields`() throws {
        let head = try get("/", "Connection: keep-alive,\t Upgrade ,,\r\nX: y\r\nconnection: \r\nCONNECTION: TE\r\n")
        #expect(head.fields.elements(.connection) == ["keep-alive", "Upgrade", "TE"])
        #expect(head.fields.hasElement("upgrade", in: .connection))
        #expect(head.fields.hasElement("Te", in: .connection))
        #expect(!head.fields.hasElement("keep", in: .connection))
        #expect(!head.fields.hasElement("", in: .connection))
        #expect(head.fields.elements("missing").isEmpty)
        #expect(head.fields.joined(.connection) == "keep-alive,\t Upgrade ,,, , TE")
    }

    @Test(arguments: [
        ("GET / HTTP/1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\n", true),
        ("GET / HTTP/1.1", "Connection: keep-alive, UPGRADE\r\nUpgrade: h2c, WebSocket\r\n", true),
        ("GET / HTTP/1.1", "Connection: keep-alive\r\nUpgrade: websocket\r\n", false),
        ("GET / HTTP/1.1", "Connection: Upgrade\r\nUpgrade: h2c\r\n", false),
        ("GET / HTTP/1.1", "Connection: Upgrade\r\n", false),
        ("GET / HTTP/1.0", "Connection: Upgrade\r\nUpgrade: websocket\r\n", false),
    ])
    func `an upgrade needs both fields and HTTP 1.1`(_ line: String, _ fields: String, _ expected: Bool) throws {
        #expect(try head("\(line)\r\nHost: a\r\n\(fields)\r\n").upgrades(to: "websocket") == expected)
    }

    @Test func `methods are told apart by case`() {
        let all: [HTTPMethod] = [.get, .post, .put, .patch, .delete, .head, .options]
        #expect(all.map(\.token) == ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
        for method in all { #expect(HTTPMethod(method.token) == method) }
        #expect(HTTPMethod("Get") == .other("Get"))
        #expect(all.filter(\.isSafe) == [.get, .head, .options])
    }
}
