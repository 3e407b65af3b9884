internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// Defects of the reference (spec/data.md 8), each shown over HTTP to be none here: rules, and what of rows is seen.
@Suite(.blocking) struct DataDefectTests {
    private static let shared = Result {
        let folder = try AppFolder(manifest: DefectApp.manifest)
        return DefectApp(folder, try ServerHarness(folder.flags))
    }

    private let app: DefectApp

    init() throws {
        app = try Self.shared.get()
    }

    /// 1: null equals null, so that owner rules pass for nobody.
    @Test func defect1NobodyOwnsNothing() throws {
        _ = try app.insert("Owned", #"{"title":"nobody's"}"#, token: app.admin)
        #expect(try app.request("GET", "/api/entities/Owned").json["data"]?.array?.isEmpty != false)
        #expect(try app.request("GET", "/api/entities/Owned/cursor").json["data"]?.array?.isEmpty != false)
        #expect(try app.request("POST", "/api/query/Owned", "{}").json.array?.isEmpty != false)
        #expect(try app.pull("Owned").isEmpty)
    }

    /// 2: no row of a list is judged, and owners are refused everywhere.
    @Test func defect2OwnersListTheirRows() throws {
        let (ann, bob) = (try app.guest(), try app.guest())
        let own = try app.insert("Owned", #"{"title":"a","ownerId":"\#(ann.userID)"}"#, token: ann.token)
        _ = try app.insert("Owned", #"{"title":"b","ownerId":"\#(bob.userID)"}"#, token: bob.token)
        for (method, path, body) in [
            ("GET", "/api/entities/Owned", nil), ("GET", "/api/entities/Owned/cursor", nil),
            ("POST", "/api/query/Owned", "{}"),
        ] as [(String, String, String?)] {
            let answer = try app.request(method, path, body, token: ann.token)
            let rows = answer.json["data"]?.array ?? answer.json.array ?? []
            #expect(rows.compactMap { $0["id"]?.string } == [own], "\(path)")
        }
        #expect(try app.pull("Owned", token: ann.token).compactMap { $0["row_id"]?.string } == [own])
    }

    /// 3: neither rows nor included ones are judged in graph queries.
    @Test func defect3IncludedRowsAreJudged() throws {
        let (ann, bob) = (try app.guest(), try app.guest())
        let target = try app.insert("Open", #"{"title":"3"}"#)
        for owner in [ann, bob] {
            let body = #"{"title":"3","ownerId":"\#(owner.userID)","openId":"\#(target)"}"#
            _ = try app.insert("Owned", body, token: owner.token)
        }
        let own = #"{"Owned":{"where":{"title":"3"},"include":{"open":{}}}}"#
        let rows = try app.request("POST", "/api/query", own, token: ann.token).json["Owned"]?.array
        #expect(rows?.map { $0["ownerId"]?.string } == [ann.userID])
        #expect(rows?.first?["open"]?["id"]?.string == target)
        let reverse = #"{"Open":{"where":{"title":"3"},"include":{"owners":{}}}}"#
        let included = try app.request("POST", "/api/query", reverse, token: bob.token).json["Open"]?[0]?["owners"]
        #expect(included?.array?.map { $0["ownerId"]?.string } == [bob.userID])
        let nobody = try app.request("POST", "/api/query", reverse)
        #expect(!nobody.text.contains(ann.userID) && !nobody.text.contains(bob.userID))
    }

    /// 4: aggregates count and add up everybody's rows.
    @Test func defect4AggregatesAreOfReadableRows() throws {
        let (ann, bob) = (try app.guest(), try app.guest())
        for owner in [ann, ann, bob] {
            _ = try app.insert("Owned", #"{"title":"four","ownerId":"\#(owner.userID)"}"#, token: owner.token)
        }
        let body = #"{"count":"*","where":{"title":"four"}}"#
        func count(_ token: String?) throws -> Int? {
            try app.request("POST", "/api/aggregate/Owned", body, token: token).json["rows"]?[0]?["count"]?.int
        }
        #expect(try count(ann.token) == 2)
        #expect(try count(bob.token) == 1)
        #expect(try count(nil) ?? 0 == 0)
        #expect(try count(app.admin) == 3)
    }

    /// 5: links pass the insert rule on the request's body, and nobody hears of them.
    @Test func defect5ALinkIsAnUpdateOfTheRow() throws {
        let (ann, bob) = (try app.guest(), try app.guest())
        let target = try app.insert("Open", #"{"title":"t"}"#)
        let id = try app.insert("Owned", #"{"title":"a","ownerId":"\#(ann.userID)"}"#, token: ann.token)
        let link = #"{"entity":"Owned","id":"\#(id)","relation":"open","target_id":"\#(target)"}"#
        for token in [nil, bob.token] {
            #expect(try app.request("POST", "/api/link", link, token: token).errorCode == "POLICY_DENIED")
        }
        let before = try app.cursor()
        #expect(try app.request("POST", "/api/link", link, token: ann.token).status == 200)
        let heard = try app.pull("Owned", since: before, token: ann.token)
        #expect(heard.first?["kind"] == "update")
        #expect(heard.first?["data"]?["openId"]?.string == target)
    }

    /// 6: new values are not judged, so that rows can be given away.
    @Test func defect6ARowIsNotGivenAway() throws {
        let ann = try app.guest()
        let id = try app.insert("Owned", #"{"title":"a","ownerId":"\#(ann.userID)"}"#, token: ann.token)
        let path = "/api/entities/Owned/\(id)"
        for owner in [#""bob""#, "null"] {
            let answer = try app.request("PATCH", path, #"{"title":"b","ownerId":\#(owner)}"#, token: ann.token)
            #expect(answer.errorCode == "POLICY_DENIED")
        }
        #expect(try app.request("GET", path, token: ann.token).json["title"] == "a")
    }

    /// 7: a missing owner passes for nobody on insert.
    @Test(arguments: [#"{"title":"a"}"#, #"{"title":"a","ownerId":null}"#])
    func defect7NobodyAddsARowOfNobody(body: String) throws {
        #expect(try app.request("POST", "/api/entities/Owned", body).errorCode == "POLICY_DENIED")
    }

    /// 8: no redaction anywhere.
    @Test func defect8CredentialsAreHiddenWhereverRowsAreSeen() throws {
        let id = try app.insert("User", #"{"email":"a@8.c","passwordHash":"8-secret","totpBackupCodes":"8-secret"}"#)
        for (method, path, body) in [
            ("GET", "/api/entities/User/\(id)", nil), ("GET", "/api/entities/User", nil),
            ("GET", "/api/entities/User/cursor?limit=100", nil), ("POST", "/api/query/User", "{}"),
            ("GET", "/api/lookup/User/email/a@8.c", nil), ("GET", "/api/sync/pull", nil),
        ] as [(String, String, String?)] {
            for token in [nil, app.admin] {
                let answer = try app.request(method, path, body, token: token)
                #expect(answer.status == 200)
                #expect(answer.text.contains(id) || path == "/api/sync/pull", "\(path)")
                #expect(!answer.text.contains("8-secret"), "\(path)")
            }
        }
        #expect(try app.request("GET", "/api/lookup/User/passwordHash/8-secret").status == 400)
    }

    /// 8: what no policy speaks of is open, and nobody is told.
    @Test func defect8WhatIsOpenIsNamedAndCanBeClosed() throws {
        #expect(app.server.log.contains("no policy: anyone may read, insert, update, delete Open"))
        let folder = try AppFolder(manifest: DefectApp.manifest)
        let closed = try ServerHarness(folder.flags, environment: ["PYLON_REQUIRE_POLICIES": "1"])
        #expect(try closed.get("/api/entities/Open").errorCode == "POLICY_DENIED")
        #expect(try closed.request("POST", "/api/entities/Open", body: #"{"title":"a"}"#).status == 403)
        #expect(!closed.log.contains("no policy"))
    }

    /// 10: pulls are judged on a patch, or on nothing.
    @Test func defect10OwnersHearOfTheirUpdatesAndDeletions() throws {
        let (ann, bob) = (try app.guest(), try app.guest())
        let id = try app.insert("Owned", #"{"title":"a","ownerId":"\#(ann.userID)"}"#, token: ann.token)
        var before = try app.cursor()
        #expect(
            try app.request("PATCH", "/api/entities/Owned/\(id)", #"{"title":"b"}"#, token: ann.token).status == 200)
        let update = try app.pull("Owned", since: before, token: ann.token)
        #expect(update.map { $0["kind"] } == ["update"])
        #expect(update.first?["data"]?["ownerId"]?.string == ann.userID)
        #expect(try app.pull("Owned", since: before, token: bob.token).isEmpty)
        before = try app.cursor()
        #expect(try app.request("DELETE", "/api/entities/Owned/\(id)", token: ann.token).status == 200)
        #expect(try app.pull("Owned", since: before, token: ann.token).map { $0["kind"] } == ["delete"])
        #expect(try app.pull("Owned", since: before, token: bob.token).isEmpty)
        #expect(try app.pull("Owned", since: before).isEmpty)
    }

    /// 30: booleans are 0 and 1, and no rule can compare them.
    @Test func defect30BooleansAreBooleansForRowsAndRules() throws {
        let id = try app.insert("Flagged", #"{"title":"seen","shown":true}"#, token: app.admin)
        _ = try app.insert("Flagged", #"{"title":"unseen","shown":0}"#, token: app.admin)
        let rows = try app.request("GET", "/api/entities/Flagged").json["data"]?.array
        #expect(rows?.map { $0["title"] } == ["seen"])
        #expect(rows?.first?["shown"] == true)
        #expect(try app.pull("Flagged").compactMap { $0["row_id"]?.string } == [id])
        let all = try app.request("GET", "/api/entities/Flagged", token: app.admin).json["data"]?.array
        #expect(all?.map { $0["shown"] } == [true, false])
    }

    /// 34: whether there are more is computed after rows were hidden, so that paging ends early.
    @Test func defect34PagingGoesOnPastHiddenRows() throws {
        let ann = try app.guest()
        for number in 0..<40 {
            let owner = number % 8 == 7 ? ann.userID : "other"
            _ = try app.insert("Owned", #"{"title":"\#(number)","ownerId":"\#(owner)"}"#, token: app.admin)
        }
        var (titles, cursor): ([String], String?) = ([], "")
        while let after = cursor {
            let page = try app.request("GET", "/api/entities/Owned/cursor?limit=2&after=\(after)", token: ann.token)
                .json
            titles += page["data"]?.array?.compactMap { $0["title"]?.string } ?? []
            cursor = page["has_more"] == true ? page["next_cursor"]?.string : nil
        }
        #expect(titles == ["7", "15", "23", "31", "39"])
    }
}
