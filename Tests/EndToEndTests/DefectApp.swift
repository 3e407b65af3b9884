internal import PylonJSON
internal import PylonTestSupport

/// An app with an entity for each sort of rule, and a server of it.
struct DefectApp {
    /// Keeps the database's folder.
    private let folder: AppFolder
    let server: ServerHarness
    let admin = ServerHarness.adminToken

    init(_ folder: AppFolder, _ server: ServerHarness) {
        self.folder = folder
        self.server = server
    }

    static let manifest = #"""
        {"manifest_version":1,"name":"defects","version":"0.1.0","entities":[
          {"name":"Open","fields":[
            {"name":"title","type":"string","optional":false,"unique":false},
            {"name":"rank","type":"int","optional":true,"unique":false},
            {"name":"price","type":"float","optional":true,"unique":false},
            {"name":"done","type":"bool","optional":true,"unique":false},
            {"name":"due","type":"datetime","optional":true,"unique":false},
            {"name":"text","type":"richtext","optional":true,"unique":false},
            {"name":"parentId","type":"id(Open)","optional":true,"unique":false}],
           "indexes":[{"name":"by_title","fields":["title"],"unique":false}],
           "relations":[{"name":"owners","target":"Owned","field":"openId","many":true}],"crdt":false},
          {"name":"Owned","fields":[
            {"name":"title","type":"string","optional":false,"unique":false},
            {"name":"openId","type":"id(Open)","optional":true,"unique":false},
            {"name":"ownerId","type":"string","optional":true,"unique":false}],
           "indexes":[{"name":"by_title","fields":["title"],"unique":false}],
           "relations":[{"name":"open","target":"Open","field":"openId"}]},
          {"name":"User","fields":[
            {"name":"email","type":"string","optional":false,"unique":true},
            {"name":"passwordHash","type":"string","optional":true,"unique":false},
            {"name":"totpBackupCodes","type":"string","optional":true,"unique":false}],"indexes":[]},
          {"name":"Flagged","fields":[
            {"name":"title","type":"string","optional":false,"unique":false},
            {"name":"shown","type":"bool","optional":false,"unique":false}],"indexes":[]},
          {"name":"Order","fields":[
            {"name":"group","type":"string","optional":false,"unique":true},
            {"name":"select","type":"int","optional":true,"unique":false},
            {"name":"from","type":"bool","optional":true,"unique":false}],
           "indexes":[{"name":"where","fields":["select","from"],"unique":false}]}],
         "routes":[],"policies":[
          {"name":"owner","entity":"Owned","allow":"auth.userId == data.ownerId"},
          {"name":"flagged","entity":"Flagged","allowRead":"data.shown == true","allowWrite":"auth.isAdmin"}]}
        """#

    func request(
        _ method: String, _ path: String, _ body: String? = nil, token: String? = nil
    ) throws -> HTTPMessage {
        try server.request(method, path, token: token, body: body)
    }

    func guest() throws -> (token: String, userID: String) { try server.guest() }

    /// The id of a new row.
    func insert(_ entity: String, _ body: String, token: String? = nil) throws -> String {
        let answer = try request("POST", "/api/entities/\(entity)", body, token: token)
        guard answer.status == 201, let id = answer.json["id"]?.string else {
            throw ProcessError.unexpected("no row: \(answer.status) \(answer.text)")
        }
        return id
    }

    /// Everything behind a cursor that concerns an entity.
    func pull(_ entity: String, since: Int = 0, token: String? = nil) throws -> [JSONValue] {
        var changes: [JSONValue] = []
        var (cursor, hasMore) = (since, true)
        while hasMore {
            let page = try request("GET", "/api/sync/pull?since=\(cursor)", token: token).json
            changes += page["changes"]?.array ?? []
            cursor = page["cursor"]?["last_seq"]?.int ?? cursor
            hasMore = page["has_more"] == true
        }
        return changes.filter { $0["entity"]?.string == entity }
    }

    /// Where the log ends now.
    func cursor() throws -> Int {
        var (cursor, hasMore) = (0, true)
        while hasMore {
            let page = try request("GET", "/api/sync/pull?since=\(cursor)", token: admin).json
            cursor = page["cursor"]?["last_seq"]?.int ?? cursor
            hasMore = page["has_more"] == true
        }
        return cursor
    }
}
