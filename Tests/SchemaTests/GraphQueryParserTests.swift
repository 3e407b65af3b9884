import PylonJSON
import PylonSchema
import Testing

@Suite struct GraphQueryParserTests {
    private func parse(_ text: String, limits: GraphLimits = .standard) throws -> GraphQuery {
        try GraphQueryParser.parse(try Samples.json(text), in: try Samples.manifest(), limits: limits)
    }

    @Test func entitiesAndSubQueriesAreReadAlike() throws {
        let query = try parse(
            #"""
            {"User":{"where":{"email":"a","$limit":9},"limit":3,
                     "include":{"todos":{"where":{"done":false,"$order":{"title":"desc"}},"limit":2,"include":{"owner":{}}}}},
             "Todo":{}}
            """#)
        #expect(query.roots.map(\.entity) == ["User", "Todo"])
        let user = query.roots[0]
        #expect(user.query == Query(condition: .compare("email", .equal, .text("a")), limit: 3))
        let todos = try #require(user.includes.first)
        #expect(todos.relation == Relation(name: "todos", target: "Todo", field: "ownerId", isMany: true))
        #expect(todos.node.entity == "Todo")
        #expect(
            todos.node.query
                == Query(
                    condition: .compare("done", .equal, .bool(false)),
                    order: [.init(column: "title", isDescending: true)],
                    limit: 2))
        #expect(todos.node.includes.map(\.relation.name) == ["owner"])
        #expect(query.roots[1] == GraphNode(entity: "Todo"))
    }

    /// The reference ignores the values of `include`.
    @Test(arguments: ["{}", "true", "null", #"{"where":null,"limit":null,"include":{}}"#])
    func nothingIsAskedForInManyWays(_ text: String) throws {
        let query = try parse(#"{"Todo":{"include":{"owner":\#(text)}}}"#)
        #expect(query.roots[0].includes.map(\.node) == [GraphNode(entity: "User")])
        #expect(try parse(#"{"Todo":\#(text)}"#).roots == [GraphNode(entity: "Todo")])
    }

    @Test func theSmallerLimitCounts() throws {
        #expect(try parse(#"{"Todo":{"where":{"$limit":2},"limit":5}}"#).roots[0].query.limit == 2)
        #expect(try parse(#"{"Todo":{"where":{"$limit":2}}}"#).roots[0].query.limit == 2)
    }

    @Test(
        arguments: [
            ("[]", "a graph query must be an object"), (#"{"Todo":[]}"#, "Todo: must be an object"),
            (#"{"Todo":false}"#, "Todo: must be an object"),
            (#"{"Todo":{"order":"x"}}"#, "Todo.order: is not known here"),
            (#"{"Todo":{"limit":-1}}"#, "Todo.limit: must be a whole number"),
            (#"{"Todo":{"limit":"1"}}"#, "Todo.limit: must be a whole number"),
            (#"{"Todo":{"where":[]}}"#, "Todo.where: a filter must be an object"),
            (#"{"Todo":{"where":{"none":1}}}"#, "Todo.where.none: Todo has no column"),
            (#"{"Todo":{"include":["owner"]}}"#, "Todo.include: must be an object of relations"),
            (#"{"Todo":{"include":{"owner":{"where":{"x":1}}}}}"#, "Todo.include.owner.where.x: User has no column"),
        ])
    func whatMeansNothingIsRefusedWithItsPlace(_ text: String, _ expected: String) throws {
        guard case .query(let problem) = try #require(throws: GraphProblem.self, performing: { try parse(text) }) else {
            Issue.record("another problem")
            return
        }
        #expect(problem.description.hasPrefix(expected), "\(problem)")
    }

    @Test func unknownNamesAreRefused() throws {
        #expect(throws: GraphProblem.entityNotFound("Nope")) { try parse(#"{"Nope":{}}"#) }
        #expect(throws: GraphProblem.relationNotFound("nope", of: "Todo")) {
            try parse(#"{"Todo":{"include":{"nope":{}}}}"#)
        }
    }

    @Test func limitsHold() throws {
        var limits = GraphLimits.standard
        limits.depthMaximum = 1
        limits.nodeCountMaximum = 2
        _ = try parse(#"{"Todo":{"include":{"owner":{"include":{}}}}}"#, limits: limits)
        for text in [
            #"{"Todo":{"include":{"owner":{"include":{"todos":{}}}}}}"#,
            #"{"Todo":{"include":{"owner":{}}},"User":{}}"#,
        ] {
            guard
                case .query(let problem) = try #require(
                    throws: GraphProblem.self, performing: { try parse(text, limits: limits) })
            else {
                Issue.record("another problem")
                return
            }
            #expect(problem.exceedsLimit)
        }
    }
}
