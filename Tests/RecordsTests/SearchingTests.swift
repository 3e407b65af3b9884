import PylonJSON
import PylonPolicy
import PylonRecords
import PylonTelemetry
import Testing

@Suite struct SearchingTests {
    private static func shop(limits: RecordLimits = RecordLimits()) async throws -> TestShop {
        let shop = try await TestShop(limits: limits)
        for row in [
            #"{"title":"Red running shoe","brand":"Nike","new":true,"price":20}"#,
            #"{"title":"Blue shoe","brand":"Nike","new":false,"price":10}"#,
            #"{"title":"Red hat","brand":"Adidas","new":true,"price":5.5}"#,
            #"{"title":"Réd shoe, red laces, don't wash","new":true,"price":30}"#,
        ] { try await shop.insert("Shoe", row) }
        return shop
    }

    @Test func hitsCountsAndPages() async throws {
        let shop = try await Self.shop()
        let found = try await shop.search(
            "Shoe", #"{"query":"red","facets":["brand","new"],"sort":["price","desc"],"page":1,"page_size":2}"#)
        #expect(found["total"] == 3)
        #expect(found["facetCounts"] == ["brand": ["Adidas": 1, "Nike": 1], "new": ["true": 3]])
        #expect(found["hits"]?.each("title") == ["Red hat"])
        #expect(found["hits"]?[0]?["new"] == true)
        #expect(try #require(found["tookMs"]?.int) >= 0)
        #expect(found.object?.keys == ["facetCounts", "hits", "tookMs", "total"])
    }

    /// The keys of facets and the values of filters are spelled one way, whoever wrote the row.
    @Test func defect29BoolFacetsCanBeFilteredByAsTheyAreCounted() async throws {
        let shop = try await Self.shop()
        for value in [#""true""#, "true", "1"] {
            let found = try await shop.search("Shoe", #"{"query":"red","filters":{"new":\#(value),"brand":"Nike"}}"#)
            #expect(found["total"] == 1, "\(value)")
        }
        // Facets without hits are left out.
        let none = try await shop.search("Shoe", #"{"filters":{"brand":null}}"#)
        #expect(none["total"] == 0)
        #expect(none["facetCounts"] == [:])
        #expect(none["hits"] == [])
    }

    @Test func withoutATextAllRowsAreFoundInTheOrderOfIDs() async throws {
        let shop = try await Self.shop()
        let all = try await shop.search("Shoe", "{}")
        #expect(all["total"] == 4)
        #expect(all["hits"]?.each("price") == [20, 10, 5.5, 30])
        #expect(try await shop.search("Shoe", #"{"query":"laces red"}"#)["hits"]?.each("price") == [30])
        let best = try await shop.search("Shoe", #"{"query":"red OR laces"}"#)["hits"]?.each("price")
        #expect(best?.first == 30)
        #expect(best?.count == 3)
    }

    @Test func defects2And3OnlyRowsThatTheCallerMayReadAreFoundAndCounted() async throws {
        let shop = try await TestShop()
        for (buyer, org) in [("amy", "x"), ("bob", "x"), ("bob", "y")] {
            try await shop.insert("Order", #"{"buyerId":"\#(buyer)","amount":1,"orgId":"\#(org)","text":"red"}"#)
        }
        for question in ["{}", #"{"query":"red"}"#, #"{"query":"red","filters":{"orgId":"x"}}"#] {
            let found = try await shop.search("Order", question)
            #expect(found["total"] == 1)
            #expect(found["facetCounts"] == ["orgId": ["x": 1]])
            #expect(found["hits"]?.each("buyerId") == ["amy"])
        }
        #expect(try await shop.search("Order", "{}", as: .admin)["total"] == 3)
        #expect(await shop.refused { try await $0.search("Order", "{}", as: .anonymous) } == "denied")
        #expect(await shop.refused { try await $0.search("Note", "{}") } == "rowDependentRule(search)")
        #expect(try await shop.search("Note", "{}", as: .admin)["total"] == 0)
    }

    /// A text in a hidden field neither matches nor orders, counts or filters for those it is hidden from.
    @Test func hiddenFieldsAreNotSearched() async throws {
        let shop = try await TestShop()
        try await shop.insert("User", #"{"name":"Ann red","memo":"secret plan","rankId":"r"}"#)
        try await shop.insert("User", #"{"name":"Bob","memo":"red","rankId":"r"}"#)
        for text in [
            "secret", "memo: secret", "{memo}: secret", "x) OR (secret", "-name: secret", "sec*", "^secret",
            "NEAR(secret plan)", "name: x OR memo: secret",
        ] {
            let body = JSONValue.object(
                {
                    var o = JSONObject(); o["query"] = .string(text); return o
                }()
            ).text
            let total = await { try? await shop.search("User", body)["total"] }()
            #expect(total == nil || total == 0, "\(text)")
            #expect(try await shop.query("User", #"{"$search":"memo: secret"}"#) == [])
        }
        #expect(try await shop.search("User", #"{"query":"secret"}"#, as: .admin)["total"] == 1)
        let red = try await shop.search("User", #"{"query":"red"}"#)
        #expect(red["hits"]?.each("name") == ["Ann red"])
        #expect(red["hits"]?[0]?["memo"] == nil)
        #expect(red["facetCounts"] == ["rankId": ["r": 1]])
        for question in [#"{"facets":["memo"]}"#, #"{"filters":{"memo":"red"}}"#, #"{"sort":["memo","asc"]}"#] {
            #expect(await shop.refused { try await $0.search("User", question) } == "INVALID_QUERY")
            #expect(await shop.refused { try await $0.search("User", question, as: .admin) } == "")
        }
    }

    @Test func refusals() async throws {
        var limits = RecordLimits()
        limits.searchTextBytesMaximum = 10
        let shop = try await Self.shop(limits: limits)
        func refused(_ entity: String, _ json: String) async -> String {
            await shop.refused { try await $0.search(entity, json) }
        }
        #expect(await refused("Nope", "{}") == "entityNotFound")
        #expect(await refused("Shoe", "[]") == "INVALID_QUERY")
        #expect(await refused("Shoe", #"{"query":"\"red"}"#) == "INVALID_QUERY")
        #expect(shop.records.counters.limited.value == 0)
        #expect(await refused("Shoe", #"{"query":"12345678901"}"#) == "INVALID_QUERY")
        #expect(await shop.refused { try await $0.query("Shoe", #"{"$search":"12345678901"}"#) } == "INVALID_QUERY")
        #expect(shop.records.counters.limited.value == 2)
        let plain = try await TestRecords()
        #expect(
            await refusal { () throws(RecordError) in
                try await plain.records.search("Todo", [:], as: TestRecords.amy)
            } == "searchNotConfigured")
        limits.responseBytesMaximum = 100
        let small = try await Self.shop(limits: limits)
        #expect(await small.refused { try await $0.search("Shoe", "{}") } == "responseTooLarge")
        #expect(small.records.counters.limited.value == 1)
    }

    @Test func pageSizesFollowTheLimits() async throws {
        var limits = RecordLimits()
        limits.pageRowsMaximum = 3
        limits.pageRowsStandard = 2
        let shop = try await Self.shop(limits: limits)
        #expect(try await shop.search("Shoe", "{}")["hits"]?.array?.count == 2)
        #expect(try await shop.search("Shoe", #"{"page_size":100}"#)["hits"]?.array?.count == 3)
        #expect(try await shop.search("Shoe", #"{"page":9223372036854775807}"#)["hits"] == [])
    }

    // MARK: $search

    @Test func defect33ASearchCombinesWithFilterOrderAndLimit() async throws {
        let shop = try await Self.shop()
        let rows = try await shop.query(
            "Shoe", #"{"$search":"red OR blue","title":{"$like":"shoe"},"$order":{"price":"desc"},"$limit":2}"#)
        #expect(rows.each("price") == [30, 20])
        #expect(
            try await shop.query("Shoe", #"{"$search":"red OR blue","$order":{"price":"asc"},"$offset":3}"#).each(
                "price") == [30])
        #expect(try await shop.query("Shoe", #"{"$search":"red OR laces"}"#).each("price").first == 30)
        #expect(try await shop.query("Shoe", #"{"$search":"don't"}"#).each("price") == [30])
        #expect(await shop.refused { try await $0.query("Shoe", #"{"$search":"red AND"}"#) } == "INVALID_QUERY")
        let plain = try await TestRecords()
        #expect(
            await refusal { () throws(RecordError) in
                try await plain.records.query("Todo", ["$search": "x"], as: TestRecords.amy)
            } == "INVALID_QUERY")
    }

    @Test func aSearchIsJudgedByTheRules() async throws {
        let shop = try await TestShop()
        for buyer in ["amy", "bob", "amy"] {
            try await shop.insert("Order", #"{"buyerId":"\#(buyer)","amount":1,"text":"red"}"#)
        }
        #expect(try await shop.query("Order", #"{"$search":"red"}"#).each("buyerId") == ["amy", "amy"])
    }

    /// Where a condition cannot say the rule, each row found is judged, and the page filled up.
    @Test func defect2ASearchIsFilledUpWhereOnlyRowsCanTell() async throws {
        let shop = try await TestShop()
        for number in 0..<12 {
            let meta = number % 3 == 0 ? #"{\"visibility\":\"public\"}"# : "{}"
            try await shop.insert("Note", #"{"text":"red \#(number)","meta":"\#(meta)"}"#)
        }
        let rows = try await shop.query("Note", #"{"$search":"red","$order":{"id":"asc"},"$limit":2,"$offset":1}"#)
        #expect(rows.each("text") == ["red 3", "red 6"])
    }
}
