import PylonJSON
import PylonSchema
import Testing

@Suite struct SearchQueryParserTests {
    private static let shoe = Entity(
        name: "Shoe",
        fields: [
            Field(name: "title", type: .string), Field(name: "notes", type: .richtext),
            Field(name: "brand", type: .string),
            Field(name: "new", type: .bool), Field(name: "size", type: .int), Field(name: "price", type: .float),
        ],
        search: SearchSettings(
            text: ["title", "notes"], facets: ["brand", "new", "size", "price"], sortable: ["price", "size"]))

    private func parse(
        _ text: String, hiding hidden: Set<String> = [], limits: SearchLimits = .standard
    ) throws -> SearchQuery {
        try SearchQueryParser.parse(try Samples.json(text), for: Self.shoe, hiding: hidden, limits: limits)
    }

    @Test func everyKeyIsRead() throws {
        let query = try parse(
            #"""
            {"query":"red","filters":{"brand":"Nike","new":true},"facets":["size","brand","size"],
             "sort":["price","desc"],"page":3,"page_size":5}
            """#)
        #expect(query.expression == .phrase(SearchPhrase(["red"])))
        #expect(
            query.condition
                == .all([.compare("brand", .equal, .text("Nike")), .compare("new", .equal, .bool(true))]))
        #expect(query.facets == ["size", "brand"])
        #expect(query.order == Query.Order(column: "price", isDescending: true))
        #expect(query.limit == 5)
        #expect(query.offset == 15)
    }

    @Test func allKeysAreOptional() throws {
        for text in ["{}", #"{"query":"  ","facets":[],"filters":{},"sort":null,"page":null}"#] {
            let query = try parse(text)
            #expect(query.expression == nil)
            #expect(query.condition == .always)
            #expect(query.facets == ["brand", "new", "size", "price"])
            #expect(query.order == nil)
            #expect(query.limit == SearchLimits.standard.pageRowsStandard)
            #expect(query.offset == 0)
        }
    }

    @Test func pagesAreCutToTheirLimits() throws {
        #expect(try parse(#"{"page_size":0}"#).limit == 1)
        #expect(try parse(#"{"page_size":1000}"#).limit == 100)
        #expect(try parse(#"{"page":9223372036854775807,"page_size":100}"#).offset == .max)
    }

    /// The keys of `facetCounts` are texts; whoever filters by one of them sends it back as it is.
    @Test(arguments: [
        (#"{"new":"true"}"#, Condition.compare("new", .equal, .bool(true))),
        (#"{"new":0}"#, .compare("new", .equal, .bool(false))),
        (#"{"size":"42"}"#, .compare("size", .equal, .integer(42))),
        (#"{"price":"9.5"}"#, .compare("price", .equal, .real(9.5))),
        (#"{"price":9}"#, .compare("price", .equal, .integer(9))),
        (#"{"brand":null}"#, .never), (#"{"brand":null,"new":true}"#, .never),
    ])
    func filtersTakeValuesAndTheirSpellings(_ filters: String, _ expected: Condition) throws {
        #expect(try parse(#"{"filters":\#(filters)}"#).condition == expected)
    }

    @Test(
        arguments: [
            ("[]", ""), (#"{"q":"red"}"#, "q"), (#"{"query":1}"#, "query"), (#"{"query":"a\u0000b"}"#, "query"),
            (#"{"query":"\"red"}"#, "query"), (#"{"filters":[]}"#, "filters"),
            (#"{"filters":{"title":"x"}}"#, "filters"),
            (#"{"filters":{"none":1}}"#, "filters"), (#"{"filters":{"new":"maybe"}}"#, "filters.new"),
            (#"{"filters":{"size":"x"}}"#, "filters.size"), (#"{"filters":{"price":"inf"}}"#, "filters.price"),
            (#"{"filters":{"brand":1}}"#, "filters.brand"), (#"{"filters":{"brand":["Nike"]}}"#, "filters.brand"),
            (#"{"filters":{"size":{"$gt":1}}}"#, "filters.size"), (#"{"facets":"brand"}"#, "facets"),
            (#"{"facets":[1]}"#, "facets[0]"), (#"{"facets":["title"]}"#, "facets[0]"), (#"{"sort":"price"}"#, "sort"),
            (#"{"sort":["price"]}"#, "sort"), (#"{"sort":["price","asc","x"]}"#, "sort"),
            (#"{"sort":[1,"asc"]}"#, "sort"),
            (#"{"sort":["brand","asc"]}"#, "sort[0]"), (#"{"sort":["price","down"]}"#, "sort[1]"),
            (#"{"page":-1}"#, "page"), (#"{"page":1.5}"#, "page"), (#"{"page_size":"20"}"#, "page_size"),
            (#"{"page_size":-5}"#, "page_size"),
        ])
    func whatMeansNothingIsRefusedWithItsPlace(_ text: String, _ path: String) throws {
        let problem = try #require(throws: QueryProblem.self) { try parse(text) }
        #expect(problem.code == .invalidQuery)
        #expect(problem.path.text == path)
    }

    @Test func theTextHasALimit() throws {
        var limits = SearchLimits.standard
        limits.textByteCountMaximum = 5
        _ = try parse(#"{"query":"abcde"}"#, limits: limits)
        let problem = try #require(throws: QueryProblem.self) { try parse(#"{"query":"abcdef"}"#, limits: limits) }
        #expect(problem.exceedsLimit)
    }

    @Test func hiddenFieldsAreNone() throws {
        let hidden: Set<String> = ["notes", "new", "size"]
        let query = try parse(#"{"query":"notes: red"}"#, hiding: hidden)
        #expect(query.facets == ["brand", "price"])
        #expect(query.expression == .all([.phrase(SearchPhrase(["notes:"])), .phrase(SearchPhrase(["red"]))]))
        for text in [#"{"filters":{"new":true}}"#, #"{"facets":["new"]}"#, #"{"sort":["size","asc"]}"#] {
            let problem = try #require(throws: QueryProblem.self) { try parse(text, hiding: hidden) }
            #expect(!problem.message.contains("\"size\", ") && !problem.message.hasSuffix("\"size\""))
        }
        #expect(throws: QueryProblem.self) { try parse(#"{"query":"red"}"#, hiding: ["title", "notes"]) }
    }
}
