import PylonJSON
import PylonSchema
import Testing

@Suite struct AggregateParserTests {
    private func parse(
        _ text: String, limits: AggregateLimits = .standard
    ) throws -> Aggregate {
        try AggregateParser.parse(try Samples.json(text), for: try Samples.todo(), limits: limits)
    }

    @Test func everyKeyIsRead() throws {
        let aggregate = try parse(
            #"""
            {"count":"*","sum":["priority","price"],"avg":["price"],"min":["due"],"max":["due"],"countDistinct":["ownerId"],
             "groupBy":["done",{"field":"due"},{"field":"due","bucket":"month"}],
             "where":{"$or":[{"done":true},{"priority":{"$gt":1}}]}}
            """#)
        #expect(aggregate.countsRows)
        #expect(
            aggregate.terms == [
                .init(.sum, "priority"), .init(.sum, "price"), .init(.avg, "price"), .init(.min, "due"),
                .init(.max, "due"), .init(.countDistinct, "ownerId"),
            ])
        #expect(aggregate.groups == [.field("done"), .bucket("due", .day), .bucket("due", .month)])
        #expect(
            aggregate.condition
                == .any([.compare("done", .equal, .bool(true)), .compare("priority", .greater, .integer(1))]))
        #expect(aggregate.columns == ["done", "due", "ownerId", "price", "priority"])
        #expect(
            aggregate.outputNames == [
                "done", "due_day", "due_month", "count", "sum_priority", "sum_price", "avg_price", "min_due", "max_due",
                "count_distinct_ownerId",
            ])
    }

    @Test func aCountOfAFieldAndGroupsAloneAreAggregates() throws {
        #expect(try parse(#"{"count":"due"}"#).terms == [.init(.count, "due")])
        #expect(try parse(#"{"groupBy":["done"],"sum":null}"#).groups == [.field("done")])
    }

    @Test func whatIsAskedForTwiceIsComputedOnce() throws {
        let aggregate = try parse(#"{"sum":["price","price"],"groupBy":["done","done"]}"#)
        #expect(aggregate.terms == [.init(.sum, "price")])
        #expect(aggregate.groups == [.field("done")])
    }

    @Test(
        arguments: [
            ("[]", "", "an aggregate must be an object, not an array"),
            ("{}", "", "nothing to compute"), (#"{"where":{}}"#, "", "nothing to compute"),
            (#"{"total":["price"]}"#, "total", "is not known here"),
            (#"{"count":1}"#, "count", "must be \"*\" or the name of a field"),
            (#"{"count":["*"]}"#, "count", "must be \"*\""),
            (#"{"sum":"price"}"#, "sum", "must be an array of fields, not a string"),
            (#"{"sum":[1]}"#, "sum[0]", "must be the name of a field"),
            (#"{"sum":["title"]}"#, "sum[0]", "needs numbers; title is of type string"),
            (#"{"avg":["due"]}"#, "avg[0]", "needs numbers"),
            (#"{"count":"*","groupBy":"done"}"#, "groupBy", "must be an array"),
            (#"{"groupBy":[1]}"#, "groupBy[0]", "must be the name of a field or an object"),
            (#"{"groupBy":[{"bucket":"day"}]}"#, "groupBy[0].field", "must be the name of a field"),
            (#"{"groupBy":[{"field":"due","bucket":"decade"}]}"#, "groupBy[0].bucket", "must be one of hour, day"),
            (#"{"groupBy":[{"field":"due","bucket":1}]}"#, "groupBy[0].bucket", "must be one of"),
            (#"{"groupBy":[{"field":"price"}]}"#, "groupBy[0].field", "needs times; price is of type float"),
            (#"{"groupBy":[{"field":"due","zone":"UTC"}]}"#, "groupBy[0].zone", "is not known here"),
            (#"{"count":"*","where":[]}"#, "where", "a filter must be an object"),
            (#"{"count":"*","where":{"priority":{"$near":1}}}"#, "where.priority.$near", "is no operator"),
            (#"{"count":"*","where":{"$limit":1}}"#, "where.$limit", "means nothing in an aggregate"),
            (#"{"count":"*","where":{"$search":"x"}}"#, "where.$search", "means nothing in an aggregate"),
        ])
    func whatMeansNothingIsRefusedWithItsPlace(_ text: String, _ path: String, _ message: String) throws {
        let problem = try #require(throws: QueryProblem.self) { try parse(text) }
        #expect(problem.code == .invalidQuery)
        #expect(problem.path.text == path)
        #expect(problem.message.contains(message), "\(problem)")
        #expect(!problem.exceedsLimit)
    }

    @Test(arguments: [
        (#"{"sum":["x"]}"#, "sum[0]"), (#"{"count":"x"}"#, "count"), (#"{"groupBy":["x"]}"#, "groupBy[0]"),
        (#"{"groupBy":[{"field":"x"}]}"#, "groupBy[0].field"), (#"{"count":"*","where":{"x":1}}"#, "where.x"),
    ])
    func unknownFieldsAreRefused(_ text: String, _ path: String) throws {
        let problem = try #require(throws: QueryProblem.self) { try parse(text) }
        #expect(problem.code == .invalidColumn)
        #expect(problem.path.text == path)
    }

    /// Two members of one name would leave one of them out.
    @Test func twoResultsOfOneNameAreRefused() throws {
        let entity = Entity(
            name: "E",
            fields: [
                Field(name: "count", type: .int), Field(name: "at_day", type: .string),
                Field(name: "at", type: .datetime),
            ])
        for text in [#"{"count":"*","groupBy":["count"]}"#, #"{"groupBy":["at_day",{"field":"at"}]}"#] {
            let problem = try #require(throws: QueryProblem.self) {
                try AggregateParser.parse(try Samples.json(text), for: entity)
            }
            #expect(problem.message.hasPrefix("two results would be called"))
        }
    }

    @Test func limitsHold() throws {
        var limits = AggregateLimits.standard
        limits.termCountMaximum = 2
        limits.groupCountMaximum = 1
        _ = try parse(#"{"sum":["price","priority"],"groupBy":["done"]}"#, limits: limits)
        for text in [#"{"sum":["price","priority"],"avg":["price"]}"#, #"{"groupBy":["done","title"]}"#] {
            let problem = try #require(throws: QueryProblem.self) { try parse(text, limits: limits) }
            #expect(problem.exceedsLimit)
        }
    }
}
