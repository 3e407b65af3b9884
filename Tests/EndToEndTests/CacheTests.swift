internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// The cache as its clients meet it; what it does with what it holds is tested where it is.
@Suite(.blocking) struct CacheTests {
    private static let shared = Result { try ServerHarness() }

    private let server: ServerHarness

    init() throws {
        server = try Self.shared.get()
    }

    private func run(_ body: String) throws -> HTTPMessage {
        try server.request("POST", "/api/cache", token: ServerHarness.adminToken, body: body)
    }

    /// Each command of the contract, in an order in which later ones see what earlier ones did; `nil` for no result.
    private static let script: [(command: String, result: JSONValue?)] = [
        (#""SET","key":"t","value":"hello""#, nil), (#""get","key":"t""#, "hello"), (#""GET","key":"none""#, .null),
        (#""EXISTS","key":"t""#, true), (#""TYPE","key":"t""#, "string"), (#""TYPE","key":"none""#, .null),
        (#""TTL","key":"t""#, -1), (#""TTL","key":"none""#, -2), (#""EXPIRE","key":"t","seconds":100"#, true),
        (#""TTL","key":"t""#, 100), (#""PERSIST","key":"t""#, true), (#""PERSIST","key":"t""#, false),
        (#""SETNX","key":"t","value":"x""#, false), (#""GETSET","key":"t","value":"y""#, "hello"),
        (#""DEL","key":"t""#, true), (#""DEL","key":"t""#, false),
        (#""INCR","key":"n""#, 1), (#""INCRBY","key":"n","amount":5"#, 6), (#""DECR","key":"n""#, 5),
        (#""INCRBY","key":"n""#, 6), (#""MSET","pairs":{"a":"1","b":"2"}"#, nil),
        (#""MGET","keys":["a","none","b"]"#, ["1", nil, "2"]),
        (#""RPUSH","key":"l","value":"b""#, 1), (#""LPUSH","key":"l","value":"a""#, 2), (#""LLEN","key":"l""#, 2),
        (#""LRANGE","key":"l""#, ["a", "b"]), (#""LRANGE","key":"l","start":5,"stop":9"#, []),
        (#""LPOP","key":"l""#, "a"), (#""RPOP","key":"l""#, "b"), (#""RPOP","key":"l""#, .null),
        (#""SADD","key":"s","member":"x""#, true), (#""SADD","key":"s","member":"x""#, false),
        (#""SADD","key":"s","member":"y""#, true), (#""SADD","key":"s2","member":"y""#, true),
        (#""SISMEMBER","key":"s","member":"x""#, true), (#""SCARD","key":"s""#, 2),
        (#""SMEMBERS","key":"s""#, ["x", "y"]), (#""SINTER","key":"s","key2":"s2""#, ["y"]),
        (#""SUNION","key":"s","key2":"s2""#, ["x", "y"]), (#""SREM","key":"s","member":"x""#, true),
        (#""HSET","key":"h","field":"f","value":"v""#, nil), (#""HGET","key":"h","field":"f""#, "v"),
        (#""HEXISTS","key":"h","field":"g""#, false), (#""HINCRBY","key":"h","field":"n","amount":3"#, 3),
        (#""HGETALL","key":"h""#, ["f": "v", "n": "3"]), (#""HKEYS","key":"h""#, ["f", "n"]),
        (#""HLEN","key":"h""#, 2), (#""HDEL","key":"h","field":"n""#, true),
        (#""ZADD","key":"z","score":2,"member":"b""#, nil), (#""ZADD","key":"z","score":1,"member":"a""#, nil),
        (#""ZADD","key":"z","member":"c""#, nil), (#""ZSCORE","key":"z","member":"b""#, 2),
        (#""ZSCORE","key":"z","member":"x""#, .null), (#""ZRANK","key":"z","member":"b""#, 2),
        (#""ZRANK","key":"z","member":"x""#, .null), (#""ZCARD","key":"z""#, 3),
        (#""ZRANGE","key":"z","start":1"#, [["member": "a", "score": 1], ["member": "b", "score": 2]]),
        (#""ZREM","key":"z","member":"a""#, true), (#""TYPE","key":"z""#, "zset"), (#""TYPE","key":"h""#, "hash"),
        (#""KEYS","pattern":"?""#, ["a", "b", "h", "n", "s", "z"]), (#""DBSIZE""#, 7), (#""CLEANUP""#, 0),
        (#""FLUSHALL""#, nil), (#""KEYS""#, []),
        (#""INFO""#, ["hits": 0, "misses": 0, "sets": 0, "deletes": 0, "evictions": 0, "expired": 0]),
    ]

    @Test func commandsAnswerAsTheContractSays() throws {
        // A server of its own: the script counts keys.
        let server = try ServerHarness()
        let client = try HTTPClient(port: server.port)
        for (command, result) in Self.script {
            let body = "{\"cmd\":\(command)}"
            let answer = try client.request("POST", "/api/cache", token: ServerHarness.adminToken, body: body)
            #expect(answer.status == 200, "\(command)")
            #expect(answer.json["ok"] == true, "\(command)")
            #expect(answer.json["result"] == result, "\(command): \(answer.text)")
        }
    }

    @Test(arguments: ["x", "", "[]", "{}", #"{"cmd":"NOPE"}"#, #"{"cmd":"SET","key":"a"}"#, #"{"cmd":"GET"}"#])
    func refusalsHaveTheCachesOwnForm(body: String) throws {
        let answer = try run(body)
        #expect(answer.status == 400)
        #expect(answer.json["ok"] == false)
        #expect(answer.json["error"]?.string?.isEmpty == false)
    }

    @Test func aSumThatIsNoneChangesNothing() throws {
        _ = try run(#"{"cmd":"SET","key":"word","value":"x"}"#)
        let answer = try run(#"{"cmd":"INCR","key":"word"}"#)
        #expect(answer.status == 400)
        #expect(answer.json == ["ok": false, "error": "value is not an integer"])
        #expect(try run(#"{"cmd":"GET","key":"word"}"#).json["result"] == "x")
    }

    @Test func pairsThatAreMissingHaveTheErrorOfOthers() throws {
        let answer = try run(#"{"cmd":"MSET"}"#)
        #expect(answer.status == 400)
        #expect(answer.json == ["error": ["code": "INVALID_ARG", "message": "pairs object required"]])
    }

    @Test func keysAreDecodedFromThePath() throws {
        _ = try run(#"{"cmd":"SET","key":"a/b c:é","value":"v"}"#)
        let path = "/api/cache/a/b%20c:%C3%A9"
        #expect(try server.get(path, token: ServerHarness.adminToken).json == ["ok": true, "result": "v"])
        #expect(try server.request("DELETE", path, token: ServerHarness.adminToken).json == ["ok": true])
        let gone = try server.request("DELETE", path, token: ServerHarness.adminToken)
        #expect(gone.status == 404)
        #expect(gone.json == ["ok": false])
        let missed = try server.get(path, token: ServerHarness.adminToken)
        #expect(missed.status == 404)
        #expect(missed.errorCode == "NOT_FOUND")
    }

    @Test func onlyAdministratorsReachIt() throws {
        let guest = try server.guest()
        for token in [nil, guest.token] {
            for (method, path) in [("POST", "/api/cache"), ("GET", "/api/cache/a"), ("DELETE", "/api/cache/a")] {
                let answer = try server.request(method, path, token: token, body: method == "POST" ? "{}" : nil)
                #expect(answer.status == 403)
                #expect(answer.errorCode == "FORBIDDEN")
            }
        }
    }

    @Test func itsMetricsAreRegistered() throws {
        _ = try run(#"{"cmd":"SET","key":"counted","value":"x"}"#)
        #expect(try #require(try server.metric("pylon_cache_entries")) >= 1)
        #expect(try #require(try server.metric("pylon_cache_bytes")) >= 8)
        #expect(try #require(try server.metric("pylon_cache_sets_total")) >= 1)
        #expect(try server.metric("pylon_cache_evictions_total") == 0)
    }
}
