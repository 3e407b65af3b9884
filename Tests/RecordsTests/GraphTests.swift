import PylonJSON
import PylonPolicy
import PylonRecords
import PylonSchema
import PylonTelemetry
import Testing

@Suite struct GraphTests {
    /// Users Ann with three shoes and Bob with one, and a shoe of nobody.
    private static func shop(limits: RecordLimits = RecordLimits()) async throws -> (TestShop, ann: String, bob: String)
    {
        let shop = try await TestShop(limits: limits)
        let ann = try await shop.insert("User", #"{"name":"Ann","memo":"m"}"#)
        let bob = try await shop.insert("User", #"{"name":"Bob"}"#)
        for (title, seller, price) in [("a", ann, 1), ("b", bob, 2), ("c", ann, 3), ("d", ann, 2)] {
            try await shop.insert("Shoe", #"{"title":"\#(title)","sellerId":"\#(seller)","price":\#(price)}"#)
        }
        try await shop.insert("Shoe", #"{"title":"e"}"#)
        return (shop, ann, bob)
    }

    @Test func severalEntitiesWithTheirRelations() async throws {
        let (shop, ann, _) = try await Self.shop()
        let found = try await shop.graph(
            #"{"Shoe":{"where":{"$order":{"title":"desc"}},"include":{"seller":{}},"limit":2},"User":{}}"#)
        #expect(found.object?.keys == ["Shoe", "User"])
        #expect(found["Shoe"]?.each("title") == ["e", "d"])
        // To one row that is not there, there is no key.
        #expect(found["Shoe"]?[0]?.object?["seller"] == nil)
        #expect(found["Shoe"]?[1]?["seller"]?["name"] == "Ann")
        #expect(found["Shoe"]?[1]?["sellerId"]?.string == ann)
        #expect(found["User"]?.each("name") == ["Ann", "Bob"])
        #expect(try await shop.graph("{}") == [:])
    }

    /// The reference looked for a column of the same name, and ignored the sub-query.
    @Test func defect36ManyRowsAreThoseWhoseColumnIsTheParentsID() async throws {
        let (shop, _, _) = try await Self.shop()
        let found = try await shop.graph(#"{"User":{"include":{"shoes":{}}}}"#)
        #expect(found["User"]?.array?.map { $0["shoes"]?.each("title") } == [["a", "c", "d"], ["b"]])
        let asked = try await shop.graph(
            #"""
            {"User":{"include":{"shoes":{"where":{"price":{"$lt":3},"$order":{"price":"desc"},"$offset":1},"limit":1,
             "include":{"seller":{"include":{"shoes":{"limit":1}}}}}}}}
            """#)
        #expect(asked["User"]?.array?.map { $0["shoes"]?.each("title") } == [["a"], []])
        let below = asked["User"]?[0]?["shoes"]?[0]?["seller"]
        #expect(below?["name"] == "Ann")
        #expect(below?["shoes"]?.each("title") == ["a"])
    }

    @Test func defect3EveryRowOfEveryEntityIsJudged() async throws {
        let (shop, ann, _) = try await Self.shop()
        for buyer in ["amy", "bob", ann] { try await shop.insert("Order", #"{"buyerId":"\#(buyer)","amount":1}"#) }
        #expect(try await shop.graph(#"{"Order":{}}"#)["Order"]?.each("buyerId") == ["amy"])
        let someone = PolicyIdentity(userID: ann)
        #expect(
            try await shop.graph(#"{"User":{"include":{"orders":{}}}}"#, as: someone)["User"]?
                .array?.map { $0["orders"]?.array?.count } == [1, 0])
        // Below a relation a rule that excludes every row leaves nothing; by name it is a refusal.
        #expect(
            try await shop.graph(#"{"User":{"include":{"orders":{}}}}"#, as: .anonymous)["User"]?.each("orders")
                == [[], []])
        #expect(await shop.refused { try await $0.graph(#"{"User":{},"Order":{}}"#, as: .anonymous) } == "denied")
    }

    @Test func defect3RowsAreJudgedOneByOneWhereOnlyTheyCanTell() async throws {
        let (shop, ann, _) = try await Self.shop()
        for number in 0..<9 {
            let meta = number % 3 == 0 ? #"{\"visibility\":\"public\"}"# : "{}"
            try await shop.insert("Note", #"{"text":"red \#(number)","meta":"\#(meta)","userId":"\#(ann)"}"#)
        }
        let roots = try await shop.graph(#"{"Note":{"where":{"$offset":1},"limit":1}}"#)
        #expect(roots["Note"]?.each("text") == ["red 3"])
        let below = try await shop.graph(#"{"User":{"limit":1,"include":{"notes":{"where":{"$offset":1},"limit":5}}}}"#)
        #expect(below["User"]?[0]?["notes"]?.each("text") == ["red 3", "red 6"])
    }

    @Test func hiddenFieldsAreNeitherReadNorFollowed() async throws {
        let (shop, _, _) = try await Self.shop()
        let found = try await shop.graph(#"{"Shoe":{"include":{"seller":{}}}}"#)
        #expect(found["Shoe"]?[0]?["seller"]?.object?.keys == ["id", "name", "rankId"])
        #expect(await shop.refused { try await $0.graph(#"{"User":{"include":{"boss":{}}}}"#) } == "relationNotFound")
        #expect(await shop.refused { try await $0.graph(#"{"User":{"include":{"boss":{}}}}"#, as: .admin) } == "")
        let filtered = #"{"Shoe":{"include":{"seller":{"where":{"memo":"m"}}}}}"#
        #expect(await shop.refused { try await $0.graph(filtered) } == "INVALID_COLUMN")
        #expect(
            await shop.refused { try await $0.graph(#"{"User":{"where":{"$order":{"memo":"asc"}}}}"#) }
                == "INVALID_COLUMN")
    }

    @Test func unknownNamesAreRefused() async throws {
        let (shop, _, _) = try await Self.shop()
        #expect(await shop.refused { try await $0.graph(#"{"Nope":{}}"#) } == "entityNotFound")
        #expect(await shop.refused { try await $0.graph(#"{"User":{"include":{"nope":{}}}}"#) } == "relationNotFound")
        // A relation to many by a column of its own entity passes the manifest's check with a warning.
        #expect(
            await shop.refused { try await $0.graph(#"{"User":{"include":{"elsewhere":{}}}}"#) } == "relationNotFound")
        #expect(await shop.refused { try await $0.graph("[]") } == "INVALID_QUERY")
    }

    @Test func searchesMayStandInAWhere() async throws {
        let (shop, _, _) = try await Self.shop()
        let found = try await shop.graph(
            #"{"User":{"include":{"shoes":{"where":{"$search":"a OR b"}}}},"Shoe":{"where":{"$search":"c"}}}"#)
        #expect(found["User"]?.array?.map { $0["shoes"]?.each("title") } == [["a"], ["b"]])
        #expect(found["Shoe"]?.each("title") == ["c"])
        #expect(await shop.refused { try await $0.graph(#"{"Shoe":{"where":{"$search":"(c"}}}"#) } == "INVALID_QUERY")
    }

    /// More parents than one statement takes.
    @Test func includesAreReadInChunks() async throws {
        let shop = try await TestShop()
        let count = 20_000
        var ids: [String] = []
        for start in stride(from: 0, to: count, by: 10_000) {
            let operations: [Result<RecordOperation, RecordError>] = (start..<(start + 10_000)).map {
                .success(.insert(entity: "User", ["name": .string("\($0)")]))
            }
            ids += try await shop.records.transact(operations, as: .admin).compactMap(\.id)
        }
        for id in [ids[0], ids[17_000], ids[count - 1]] {
            try await shop.insert("Shoe", #"{"title":"of \#(id)","sellerId":"\#(id)"}"#)
        }
        let found = try await shop.graph(#"{"User":{"include":{"shoes":{}}}}"#)["User"]?.array ?? []
        #expect(found.count == count)
        #expect(
            found.filter { $0["shoes"]?.array?.isEmpty == false }.compactMap { $0["id"]?.string } == [
                ids[0], ids[17_000], ids[count - 1],
            ])
    }

    @Test func limitsAreRefusalsThatAreCounted() async throws {
        var limits = RecordLimits()
        limits.includeDepthMaximum = 1
        limits.graphNodesMaximum = 2
        limits.graphRowsMaximum = 6
        let (shop, _, _) = try await Self.shop(limits: limits)
        _ = try await shop.graph(#"{"Shoe":{"limit":4,"include":{"seller":{}}}}"#)
        #expect(
            await shop.refused { try await $0.graph(#"{"Shoe":{"limit":5,"include":{"seller":{}}}}"#) }
                == "responseTooLarge")
        #expect(
            await shop.refused { try await $0.graph(#"{"Shoe":{"include":{"seller":{"include":{"shoes":{}}}}}}"#) }
                == "INVALID_QUERY")
        #expect(
            await shop.refused { try await $0.graph(#"{"Shoe":{"include":{"seller":{}}},"User":{}}"#) }
                == "INVALID_QUERY")
        #expect(shop.records.counters.limited.value == 3)
        // Rows that are read once are written below each parent.
        limits = RecordLimits()
        limits.responseBytesMaximum = 1500
        let (small, _, _) = try await Self.shop(limits: limits)
        _ = try await small.graph(#"{"Shoe":{"include":{"seller":{}}}}"#)
        let wide = #"{"Shoe":{"include":{"seller":{"include":{"shoes":{"include":{"seller":{}}}}}}}}"#
        #expect(await small.refused { try await $0.graph(wide) } == "responseTooLarge")
    }

    /// A relation called like a field stands in its place.
    @Test func aRelationTakesThePlaceOfAField() async throws {
        let item = Entity(
            name: "Item", fields: [Field(name: "owner", type: .string, isOptional: true)],
            relations: [
                Relation(name: "owner", target: "Item", field: "owner"),
                Relation(name: "id", target: "Item", field: "owner", isMany: true),
            ])
        let test = try await TestShop(Manifest(name: "m", appVersion: "1", entities: [item]))
        let first = try await test.insert("Item", "{}")
        let second = try await test.insert("Item", #"{"owner":"\#(first)"}"#)
        let owners = try await test.graph(#"{"Item":{"include":{"owner":{}}}}"#)
        #expect(owners["Item"]?[0]?.object?.keys == ["id"])
        #expect(owners["Item"]?[1]?["owner"]?["id"]?.string == first)
        let ids = try await test.graph(#"{"Item":{"include":{"id":{},"owner":{}}}}"#)
        #expect(ids["Item"]?[0]?["id"]?[0]?["id"]?.string == second)
    }
}
