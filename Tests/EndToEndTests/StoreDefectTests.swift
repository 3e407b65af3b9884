internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// Defects of the reference (spec/data.md 8), each shown over HTTP to be none here: writes, queries, requests and start-up.
@Suite(.blocking) struct StoreDefectTests {
    private static let shared = Result {
        let folder = try AppFolder(manifest: DefectApp.manifest)
        return DefectApp(folder, try ServerHarness(folder.flags))
    }

    private let app: DefectApp

    init() throws {
        app = try Self.shared.get()
    }

    private func query(_ filter: String) throws -> [String] {
        try app.request("POST", "/api/query/Open", filter).json.array?.compactMap { $0["title"]?.string } ?? []
    }

    /// 17: the driver's own text in answers.
    @Test(
        arguments: [
            ("POST", "/api/entities/Order", #"{"group":"17"}"#, 409), ("POST", "/api/entities/Order", "{}", 400),
            ("POST", "/api/entities/Order", #"{"group":null}"#, 400),
            ("POST", "/api/entities/Order", #"{"x\"":1}"#, 400),
            ("POST", "/api/entities/Order", #"{"group":"a\u0000b"}"#, 400),
            ("POST", "/api/query/Order", #"{"group":{"$like":5}}"#, 400),
            ("POST", "/api/query/Order", #"{"x":1}"#, 400),
            ("GET", "/api/lookup/Order/x/1", nil, 400), ("GET", "/api/entities/sqlite_master", nil, 404),
            ("GET", "/api/entities/_pylon_changes", nil, 404), ("GET", "/api/entities/Order/'%20OR%201=1", nil, 404),
        ] as [(String, String, String?, Int)])
    func defect17ErrorsHaveCodesAndNoDriversText(method: String, path: String, body: String?, status: Int) throws {
        _ = try app.request("POST", "/api/entities/Order", #"{"group":"17"}"#)
        let answer = try app.request(method, path, body)
        #expect(answer.status == status, "\(answer.text)")
        #expect(answer.errorCode?.isEmpty == false)
        for word in ["SQL", "constraint", "UNIQUE", "NOT NULL", "syntax", "near \"", "datatype"] {
            let text = answer.json["error"]?["message"]?.string ?? ""
            #expect(!text.contains(word), "\(text)")
        }
    }

    /// 22: a refused change stays in a cached document, and the next one stores it.
    @Test func defect22ARefusedChangeIsNotStoredLater() throws {
        _ = try app.insert("Order", #"{"group":"22-taken"}"#)
        let id = try app.insert("Order", #"{"group":"22","select":1}"#)
        let path = "/api/entities/Order/\(id)"
        let refused = try app.request("PATCH", path, #"{"group":"22-taken","select":2}"#)
        #expect(refused.status == 409)
        #expect(refused.errorCode == "UNIQUE_VIOLATION")
        let before = try app.cursor()
        #expect(try app.request("PATCH", path, #"{"from":true}"#).status == 200)
        let row = try app.request("GET", path).json
        #expect(row["group"] == "22" && row["select"] == 1 && row["from"] == true)
        let heard = try app.pull("Order", since: before).filter { $0["row_id"]?.string == id }
        #expect(heard.map { $0["data"] } == [row])
    }

    /// 23: changing a row that is not there succeeds, and leaves something behind.
    @Test func defect23WhatIsNotThereCannotBeChanged() throws {
        let ids = [try app.insert("Open", #"{"title":"23"}"#), String(repeating: "0", count: 40)]
        #expect(try app.request("DELETE", "/api/entities/Open/\(ids[0])").status == 200)
        let before = try app.cursor()
        for path in ids.map({ "/api/entities/Open/\($0)" }) {
            #expect(try app.request("PATCH", path, #"{"title":"b"}"#).errorCode == "NOT_FOUND")
            #expect(try app.request("DELETE", path).errorCode == "NOT_FOUND")
            #expect(try app.request("GET", path).errorCode == "NOT_FOUND")
        }
        #expect(try !app.pull("Open", since: before).contains { ids.contains($0["row_id"]?.string ?? "") })
    }

    /// 24: a deletion is in no transaction and leaves copies behind.
    @Test func defect24ADeletedRowIsGoneEverywhere() throws {
        let id = try app.insert("Order", #"{"group":"24-secret"}"#)
        #expect(try app.request("DELETE", "/api/entities/Order/\(id)").status == 200)
        #expect(try app.request("GET", "/api/lookup/Order/group/24-secret").status == 404)
        #expect(try !app.request("GET", "/api/entities/Order").text.contains("24-secret"))
        let changes = try app.pull("Order").filter { $0["row_id"]?.string == id }
        #expect(changes.map { $0["kind"] } == ["delete"])
        #expect(changes.first?["data"] == nil)
        // Its unique value is free again.
        _ = try app.insert("Order", #"{"group":"24-secret"}"#)
    }

    /// 31: values are not checked by type.
    @Test(arguments: [
        #""rank":"5""#, #""rank":1.5"#, #""rank":true"#, #""rank":9223372036854775808"#, #""price":"1""#,
        #""done":"true""#, #""done":2"#, #""due":"tomorrow""#, #""due":5"#, #""title":5"#, #""title":null"#,
        #""text":[]"#, #""text":{"a":1}"#, #""parentId":5"#,
    ])
    func defect31ValuesAreCheckedWhateverTheEntity(field: String) throws {
        let answer = try app.request("POST", "/api/entities/Open", #"{"title":"31",\#(field)}"#)
        #expect(answer.status == 400)
        #expect(["VALIDATION_FAILED", "MISSING_FIELD"].contains(answer.errorCode), "\(answer.text)")
        let path = "/api/entities/Open/" + (try app.insert("Open", #"{"title":"31-old"}"#))
        #expect(try app.request("PATCH", path, "{\(field)}").status == 400)
        #expect(try app.request("GET", path).json["title"] == "31-old")
    }

    /// 32: nulls cannot be asked for, nothing can be either of two, and what is unknown vanishes.
    @Test func defect32FiltersSayNullAndOrAndNothingVanishes() throws {
        for (title, rank) in [("32-a", "1"), ("32-b", "null"), ("32-c", "3")] {
            _ = try app.insert("Open", #"{"title":"\#(title)","rank":\#(rank)}"#)
        }
        let mine = #""title":{"$like":"32-"}"#
        #expect(try query("{\(mine),\"rank\":null}") == ["32-b"])
        #expect(try query("{\(mine),\"rank\":{\"$isNull\":false}}") == ["32-a", "32-c"])
        #expect(try query("{\(mine),\"$or\":[{\"rank\":1},{\"rank\":{\"$isNull\":true}}]}") == ["32-a", "32-b"])
        for filter in [#"{"rank":{"$near":1}}"#, #"{"$nor":[]}"#, #"{"rank":{}}"#, #"{"rank":{"$in":5}}"#] {
            #expect(try app.request("POST", "/api/query/Open", filter).status == 400, "\(filter)")
        }
    }

    /// 33: orders are sorted by name, and a bad search finds nothing instead of failing.
    @Test func defect33AnOrderIsKeptAsGiven() throws {
        for (title, rank) in [("33-b", 1), ("33-a", 2), ("33-a", 1)] {
            _ = try app.insert("Open", #"{"title":"\#(title)","rank":\#(rank)}"#)
        }
        func ranked(_ order: String) throws -> [String] {
            let rows = try app.request("POST", "/api/query/Open", #"{"title":{"$like":"33-"},"$order":\#(order)}"#).json
            return rows.array?.map { "\($0["title"]?.string ?? "")\($0["rank"]?.int ?? 0)" } ?? []
        }
        #expect(try ranked(#"{"title":"asc","rank":"desc"}"#) == ["33-a2", "33-a1", "33-b1"])
        #expect(try ranked(#"{"rank":"desc","title":"asc"}"#) == ["33-a2", "33-a1", "33-b1"])
        #expect(try ranked(#"{"rank":"asc","title":"desc"}"#) == ["33-b1", "33-a1", "33-a2"])
        #expect(try app.request("POST", "/api/query/Open", #"{"$search":"\"open"}"#).status == 400)
    }

    /// 35: nothing is percent-decoded, and parameters are found inside others.
    @Test func defect35PathsAndParametersAreRead() throws {
        let id = try app.insert("Open", #"{"title":"35 %/é+ü"}"#)
        let found = try app.request("GET", "/api/lookup/Open/title/35%20%25%2F%C3%A9+%C3%BC")
        #expect(found.json["id"]?.string == id)
        #expect(try app.request("GET", "/api/%65ntities/%4Fpen/\(id)").status == 200)
        let limited = try app.request("GET", "/api/entities/Open?xlimit=1&limi%74=2&limit=1").json
        #expect(limited["limit"] == 2)
        #expect(limited["data"]?.array?.count ?? 0 <= 2)
        #expect(try app.request("GET", "/api/entities/Open?xlimit=1").json["limit"] == .null)
        #expect(try app.request("GET", "/api/entities/Open/%zz").status == 400)
    }

    /// 37: an unknown entity is 400, a missing row 403, a conflict 400.
    @Test func defect37StatusesSayWhatIsWrong() throws {
        let nobody = String(repeating: "a", count: 40)
        let ann = try app.guest()
        for (method, path, status, code) in [
            ("GET", "/api/entities/Nothing", 404, "ENTITY_NOT_FOUND"),
            ("GET", "/api/entities/Nothing/\(nobody)", 404, "ENTITY_NOT_FOUND"),
            ("GET", "/api/entities/owned", 404, "ENTITY_NOT_FOUND"),
            ("GET", "/api/entities/Owned/\(nobody)", 404, "NOT_FOUND"),
            ("DELETE", "/api/entities/Owned/\(nobody)", 404, "NOT_FOUND"),
            ("GET", "/api/lookup/Nothing/a/b", 404, "ENTITY_NOT_FOUND"),
            ("PUT", "/api/entities/Owned/\(nobody)", 405, "METHOD_NOT_ALLOWED"),
        ] {
            let answer = try app.request(method, path, token: ann.token)
            #expect(answer.status == status, "\(method) \(path)")
            #expect(answer.errorCode == code, "\(method) \(path)")
        }
        #expect(try app.request("POST", "/api/query/Nothing", "{}").errorCode == "ENTITY_NOT_FOUND")
        #expect(try app.request("POST", "/api/entities/Nothing", "{}").errorCode == "ENTITY_NOT_FOUND")
    }

    /// 42: a body that is no UTF-8 counts as empty.
    @Test(
        arguments: [
            [0xFF], Array(#"{"title":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8),
            Array(#"{"title":""#.utf8) + [0xED, 0xA0, 0x80] + Array(#""}"#.utf8),
        ] as [[UInt8]])
    func defect42ABodyThatIsNoUTF8IsRefused(body: [UInt8]) throws {
        let client = try HTTPClient(port: app.server.port)
        let head = "POST /api/entities/Open HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n"
        try client.socket.send(Array(head.utf8) + body)
        let answer = try client.readResponse()
        #expect(answer.status == 400)
        #expect(answer.errorCode == "INVALID_JSON")
    }

    /// 47: names go into statements as they are.
    @Test func defect47ReservedWordsAreNames() throws {
        let id = try app.insert("Order", #"{"group":"47","select":1,"from":false}"#)
        let path = "/api/entities/Order/\(id)"
        #expect(try app.request("PATCH", path, #"{"select":2,"from":true}"#).status == 200)
        let filter = #"{"group":"47","select":{"$gte":2},"from":true,"$order":{"group":"desc","select":"asc"}}"#
        #expect(try app.request("POST", "/api/query/Order", filter).json.array?.first?["id"]?.string == id)
        #expect(try app.request("GET", "/api/lookup/Order/select/2").status == 200)
        #expect(try app.pull("Order").contains { $0["row_id"]?.string == id })
        #expect(try app.request("DELETE", path).status == 200)
    }

    /// 47: names that cannot be meant are taken.
    @Test(arguments: ["id", "a b", "a\\\"b", "", "_pylon_x", "a.b"]) func defect47OddNamesAreRefused(name: String)
        throws
    {
        let folder = try AppFolder(
            manifest: #"""
                {"manifest_version":1,"name":"odd","version":"1","entities":[{"name":"A","fields":[
                  {"name":"\#(name)","type":"string","optional":true,"unique":false}],"indexes":[]}],"routes":[]}
                """#)
        #expect(throws: ProcessError.self) { try ServerHarness(folder.flags) }
    }
}
