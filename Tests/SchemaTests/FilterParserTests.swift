import PylonJSON
import PylonSchema
import Testing

@Suite struct FilterParserTests {
    private func parse(_ text: String) throws -> Query {
        try FilterParser.parse(try Samples.json(text), for: try Samples.todo())
    }

    @Test(arguments: [
        ("{}", Condition.always), ("null", .always),
        (#"{"done":false}"#, .compare("done", .equal, .bool(false))),
        (#"{"done":1}"#, .compare("done", .equal, .bool(true))),
        (#"{"id":"x"}"#, .compare("id", .equal, .text("x"))),
        (
            #"{"priority":{"$gte":2,"$lt":5}}"#,
            .all([.compare("priority", .greaterOrEqual, .integer(2)), .compare("priority", .less, .integer(5))])
        ),
        (#"{"priority":{"$gt":2.5}}"#, .compare("priority", .greater, .real(2.5))),
        (#"{"price":{"$lte":2}}"#, .compare("price", .lessOrEqual, .integer(2))),
        (#"{"title":{"$not":"a"}}"#, .compare("title", .notEqual, .text("a"))),
        (#"{"title":{"$like":"milk"}}"#, .contains("title", "milk")),
        (#"{"title":{"$in":["a","b"]}}"#, .oneOf("title", [.text("a"), .text("b")])),
        (#"{"title":{"$in":[]}}"#, .never),
        (#"{"due":{"$gte":"2026-05-01"}}"#, .compare("due", .greaterOrEqual, .text("2026-05-01"))),
        (#"{"due":"2026-05-01T12:00:00+02:00"}"#, .compare("due", .equal, .text("2026-05-01T10:00:00Z"))),
        (
            #"{"$or":[{"done":true},{"title":"a","priority":1}]}"#,
            .any([
                .compare("done", .equal, .bool(true)),
                .all([.compare("title", .equal, .text("a")), .compare("priority", .equal, .integer(1))]),
            ])
        ),
        (
            #"{"$and":[{"done":true},{"$or":[{"title":null},{"done":false}]}]}"#,
            .all([
                .compare("done", .equal, .bool(true)),
                .any([.isNull("title"), .compare("done", .equal, .bool(false))]),
            ])
        ),
        (#"{"$or":[]}"#, .never), (#"{"$and":[]}"#, .always), (#"{"$or":[{}]}"#, .always),
    ])
    func filtersAreRead(text: String, condition: Condition) throws {
        #expect(try parse(text).condition == condition)
    }

    @Test(arguments: [
        (#"{"notes":null}"#, Condition.isNull("notes")), (#"{"notes":{"$not":null}}"#, .not(.isNull("notes"))),
        (#"{"notes":{"$isNull":true}}"#, .isNull("notes")), (#"{"notes":{"$isNull":false}}"#, .not(.isNull("notes"))),
        (
            #"{"notes":{"$in":[null,"a"]}}"#,
            .any([.isNull("notes"), .compare("notes", .equal, .text("a"))])
        ),
    ])
    func defect32NullsCanBeAskedFor(text: String, condition: Condition) throws {
        #expect(try parse(text).condition == condition)
    }

    @Test(arguments: [
        (#"{"title":{"$regex":"a"}}"#, "title.$regex"), (#"{"title":{"like":"a"}}"#, "title.like"),
        (#"{"title":{}}"#, "title"), (#"{"$nor":[]}"#, "$nor"), (#"{"$":1}"#, #"["$"]"#),
        (#"{"$or":[{"a b":1}]}"#, #"$or[0]["a b"]"#),
        (#"{"$or":[{"done":{"$x":1}}]}"#, "$or[0].done.$x"), (#"{"$or":{}}"#, "$or"), (#"{"$and":[1]}"#, "$and[0]"),
        (#"{"$or":[{"$limit":1}]}"#, "$or[0].$limit"), (#"{"title":{"$in":"a"}}"#, "title.$in"),
        (#"{"title":{"$in":["a",1]}}"#, "title.$in[1]"), (#"{"title":1}"#, "title"), (#"{"title":["a"]}"#, "title"),
        (#"{"done":"true"}"#, "done"), (#"{"priority":"1"}"#, "priority"), (#"{"due":"soon"}"#, "due"),
        (#"{"title":{"$gt":null}}"#, "title.$gt"), (#"{"title":{"$not":{"$gt":1}}}"#, "title.$not"),
        (#"{"priority":{"$like":"1"}}"#, "priority.$like"), (#"{"title":{"$like":1}}"#, "title.$like"),
        (#"{"notes":{"$isNull":1}}"#, "notes.$isNull"), (#"{"$limit":-1}"#, "$limit"), (#"{"$limit":"5"}"#, "$limit"),
        (#"{"$offset":1.5}"#, "$offset"), (#"{"$search":""}"#, "$search"), (#"{"$search":" "}"#, "$search"),
        (#"{"$search":5}"#, "$search"), (#"{"$order":["title"]}"#, "$order"),
        (#"{"$order":{"title":1}}"#, "$order.title"), (#"{"title":"a\u0000"}"#, "title"), ("[]", ""), ("7", ""),
    ])
    func defect32NothingIsSilentlyIgnored(text: String, path: String) throws {
        let problem = #expect(throws: QueryProblem.self) { try parse(text) }
        #expect(problem?.path.text == path)
        #expect(problem?.code == (text.contains("a b") ? .invalidColumn : .invalidQuery))
    }

    @Test(arguments: [(#"{"nope":1}"#, "nope"), (#"{"$order":{"nope":"asc"}}"#, "$order.nope")])
    func unknownColumnsAreNamed(text: String, path: String) throws {
        let problem = #expect(throws: QueryProblem.self) { try parse(text) }
        #expect(problem?.code == .invalidColumn)
        #expect(problem?.path.text == path)
        #expect(problem?.message.contains("valid columns are id, title") == true)
    }

    @Test func defect33OrderIsKeptAsGiven() throws {
        let query = try parse(#"{"$order":{"title":"desc","done":"ASC","id":"DESC"}}"#)
        #expect(
            query.order == [
                .init(column: "title", isDescending: true), .init(column: "done"),
                .init(column: "id", isDescending: true),
            ])
    }

    @Test func settingsAreRead() throws {
        let query = try parse(#"{"$search":"milk OR bread","$limit":20,"$offset":40}"#)
        #expect(query == Query(limit: 20, offset: 40, search: "milk OR bread"))
        #expect(try parse(#"{"$limit":null,"$search":null,"$order":null}"#) == Query())
    }

    @Test func limitsHold() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: #"{"$or":["#, count: depth) + "{}" + String(repeating: "]}", count: depth)
        }
        let limits = FilterLimits.standard
        _ = try parse(nested(limits.depthMaximum))
        #expect(throws: QueryProblem.self) { try parse(nested(limits.depthMaximum + 1)) }

        func list(_ element: String, _ count: Int) -> String {
            Array(repeating: element, count: count).joined(separator: ",")
        }
        let broad = limits.conditionCountMaximum
        _ = try parse("{\"$and\":[\(list("{}", broad - 1))]}")
        #expect(throws: QueryProblem.self) { try parse("{\"$and\":[\(list("{}", broad))]}") }
        _ = try parse("{\"priority\":{\"$in\":[\(list("1", limits.inCountMaximum))]}}")
        #expect(throws: QueryProblem.self) {
            try parse("{\"priority\":{\"$in\":[\(list("1", limits.inCountMaximum + 1))]}}")
        }
        let full = "{\"priority\":{\"$in\":[\(list("1", limits.inCountMaximum))]}}"
        #expect(throws: QueryProblem.self) { try parse("{\"$or\":[\(list(full, 5))]}") }
        let long = String(repeating: "x", count: limits.likeByteCountMaximum + 1)
        #expect(throws: QueryProblem.self) { try parse("{\"title\":{\"$like\":\"\(long)\"}}") }
        let longer = String(repeating: "x", count: limits.searchByteCountMaximum + 1)
        #expect(throws: QueryProblem.self) { try parse("{\"$search\":\"\(longer)\"}") }
    }
}
