import PylonJSON
import PylonPolicy
import PylonRecords
import PylonTelemetry
import Testing

@Suite struct AggregatingTests {
    private static func shop(limits: RecordLimits = RecordLimits()) async throws -> TestShop {
        let shop = try await TestShop(limits: limits)
        for (buyer, amount, org) in [("amy", 1, "x"), ("amy", 2, "y"), ("bob", 4, "x"), ("bob", 8, "y")] {
            try await shop.insert("Order", #"{"buyerId":"\#(buyer)","amount":\#(amount),"orgId":"\#(org)"}"#)
        }
        return shop
    }

    @Test func defect4AggregatesAreOverTheRowsThatTheCallerMayRead() async throws {
        let shop = try await Self.shop()
        let question = #"{"count":"*","sum":["amount"]}"#
        #expect(try await shop.aggregate("Order", question) == ["rows": [["count": 2, "sum_amount": 3]]])
        #expect(
            try await shop.aggregate("Order", question, as: .admin) == ["rows": [["count": 4, "sum_amount": 15]]])
        #expect(await shop.refused { try await $0.aggregate("Order", question, as: .anonymous) } == "denied")
        // Nor does a where lead around the rule.
        let others = #"{"count":"*","where":{"$or":[{"buyerId":"bob"},{"buyerId":{"$not":"amy"}}]}}"#
        #expect(try await shop.aggregate("Order", others) == ["rows": [["count": 0]]])
    }

    @Test func defect4ATenantsOrganisationLimitsAggregates() async throws {
        let shop = try await Self.shop()
        let tenant = PolicyIdentity(userID: "amy", tenantID: "y")
        #expect(
            try await shop.aggregate("Order", #"{"sum":["amount"]}"#, as: tenant) == ["rows": [["sum_amount": 2]]])
    }

    @Test func defect4WhereOnlyRowsCanTellItIsRefused() async throws {
        let shop = try await TestShop()
        try await shop.insert("Note", #"{"text":"a","meta":"{\"visibility\":\"public\"}"}"#)
        let question = #"{"count":"*"}"#
        #expect(await shop.refused { try await $0.aggregate("Note", question) } == "rowDependentRule(aggregate)")
        #expect(try await shop.aggregate("Note", question, as: .admin) == ["rows": [["count": 1]]])
    }

    @Test func allOfTheFilterLanguageMayStandInAWhere() async throws {
        let shop = try await Self.shop()
        let rows = try await shop.aggregate(
            "Order",
            #"""
            {"count":"amount","avg":["amount"],"min":["amount"],"max":["amount"],"countDistinct":["buyerId"],"groupBy":["orgId"],
             "where":{"amount":{"$gt":1},"orgId":{"$in":["x","y"]}}}
            """#, as: .admin)
        #expect(
            rows == [
                "rows": [
                    [
                        "orgId": "x", "count_amount": 1, "avg_amount": 4, "min_amount": 4, "max_amount": 4,
                        "count_distinct_buyerId": 1,
                    ],
                    [
                        "orgId": "y", "count_amount": 2, "avg_amount": 5, "min_amount": 2, "max_amount": 8,
                        "count_distinct_buyerId": 2,
                    ],
                ]
            ])
    }

    @Test func boolsAndTimesAreGroups() async throws {
        let shop = try await TestShop()
        for (new, time) in [
            (true, "2026-05-01T10:00:00Z"), (false, "2026-05-01T23:00:00+02:00"), (true, "2026-06-01T00:00:00Z"),
        ] {
            try await shop.insert("Shoe", #"{"title":"t","new":\#(new),"soldAt":"\#(time)"}"#)
        }
        let rows = try await shop.aggregate(
            "Shoe", #"{"count":"*","groupBy":["new",{"field":"soldAt"},{"field":"soldAt","bucket":"month"}]}"#)
        #expect(
            rows == [
                "rows": [
                    ["count": 1, "new": false, "soldAt_day": "2026-05-01", "soldAt_month": "2026-05"],
                    ["count": 1, "new": true, "soldAt_day": "2026-05-01", "soldAt_month": "2026-05"],
                    ["count": 1, "new": true, "soldAt_day": "2026-06-01", "soldAt_month": "2026-06"],
                ]
            ])
    }

    @Test(arguments: [
        #"{"count":"memo"}"#, #"{"max":["passwordHash"]}"#, #"{"groupBy":["memo"]}"#,
        #"{"groupBy":[{"field":"memo","bucket":"day"}]}"#, #"{"count":"*","where":{"memo":{"$like":"a"}}}"#,
    ])
    func hiddenFieldsAreNotComputedWith(_ question: String) async throws {
        let shop = try await TestShop()
        #expect(await shop.refused { try await $0.aggregate("User", question) } == "INVALID_COLUMN")
        let isSecret = question.contains("passwordHash")
        #expect(
            await shop.refused { try await $0.aggregate("User", question, as: .admin) }
                == (isSecret ? "INVALID_COLUMN" : ""))
    }

    @Test func limitsAreRefusalsThatAreCounted() async throws {
        var limits = RecordLimits()
        limits.groupsMaximum = 2
        let shop = try await Self.shop(limits: limits)
        _ = try await shop.aggregate("Order", #"{"count":"*","groupBy":["orgId"]}"#, as: .admin)
        #expect(shop.records.counters.limited.value == 0)
        let fine = #"{"groupBy":["orgId","buyerId"]}"#
        #expect(await shop.refused { try await $0.aggregate("Order", fine, as: .admin) } == "tooManyGroups(2)")
        limits = RecordLimits()
        limits.responseBytesMaximum = 30
        let small = try await Self.shop(limits: limits)
        #expect(await small.refused { try await $0.aggregate("Order", fine, as: .admin) } == "responseTooLarge")
        let broad =
            "{\"count\":\"*\",\"where\":{\"amount\":{\"$in\":[\(Array(repeating: "1", count: 1001).joined(separator: ","))]}}}"
        #expect(await shop.refused { try await $0.aggregate("Order", broad, as: .admin) } == "INVALID_QUERY")
        #expect(shop.records.counters.limited.value == 2)
        #expect(small.records.counters.limited.value == 1)
    }

    @Test func nonsenseIsRefused() async throws {
        let shop = try await TestShop()
        #expect(await shop.refused { try await $0.aggregate("Nope", #"{"count":"*"}"#) } == "entityNotFound")
        #expect(await shop.refused { try await $0.aggregate("Shoe", "{}") } == "INVALID_QUERY")
        #expect(await shop.refused { try await $0.aggregate("Shoe", #"{"sum":["x"]}"#) } == "INVALID_COLUMN")
    }
}
