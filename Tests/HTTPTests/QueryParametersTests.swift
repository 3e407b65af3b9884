import PylonHTTP
import Testing

@Suite struct QueryParametersTests {
    @Test(arguments: [
        ("", []), ("a=b", ["a", "b"]), ("a", ["a", ""]), ("a=", ["a", ""]), ("=b", ["", "b"]), ("=", ["", ""]),
        ("&&a=b&&c&", ["a", "b", "c", ""]), ("a=b=c", ["a", "b=c"]), ("a=1&a=2", ["a", "1", "a", "2"]),
        ("a%3Db=c%26d", ["a=b", "c&d"]), ("a+b=c+d", ["a+b", "c+d"]), ("%C3%A9=%e2%82%ac", ["é", "€"]),
        ("a=%", ["a", "%"]), ("a=%2", ["a", "%2"]), ("a=%zz%20", ["a", "%zz%20"]), ("a=%ff", ["a", "%ff"]),
        ("a=%00", ["a", "\0"]), ("a=b;c=d", ["a", "b;c=d"]), ("A=1&a=2", ["A", "1", "a", "2"]), ("a=?", ["a", "?"]),
    ])
    func `pairs come in order`(_ text: String, _ expected: [String]) {
        #expect(QueryParameters(text).pairs.flatMap { [$0.name, $0.value] } == expected)
    }

    @Test func `a plus is a space only when asked`() throws {
        let head = try get("/?shard=a+b%2Bc&sid=+")
        #expect(head.query().first("shard") == "a+b+c")
        #expect(head.query(plusAsSpace: true).first("shard") == "a b+c")
        #expect(head.query(plusAsSpace: true).first("sid") == " ")
        #expect(head.query().first("Shard") == nil)
    }

    @Test func `repeats can be asked for`() {
        let query = QueryParameters("a=1&b=2&a=3")
        #expect(query.first("a") == "1")
        #expect(query.all("a") == ["1", "3"])
        #expect(query.all("c").isEmpty)
        #expect(QueryParameters("&").isEmpty)
    }

    @Test func `no query is no parameters`() throws {
        #expect(try get("/").query().isEmpty)
        #expect(try get("/?").query().isEmpty)
    }
}
