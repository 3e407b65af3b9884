internal import PylonBenchKit

/// The app that the data plane's cases run: its manifest and its rows.
enum BenchApp {
    /// Categories of products; each has one in a hundred of them.
    static let categories = 100

    private static let fields = [
        ("title", "string"), ("body", "string"), ("ownerId", "string"), ("createdAt", "datetime"), ("done", "bool"),
        ("quantity", "int"), ("price", "float"),
    ]

    /// `Entry` takes the inserts. `Item` and `OwnedItem` are listed, the latter by its owner alone. `Product` is queried and
    /// searched.
    static let manifest: String = {
        let product = fields + [("category", "string")]
        let search = #","search":{"text":["title","body"],"facets":["category","done"],"sortable":["price"]}"#
        let byPrice = #"{"name":"by_price","fields":["category","price"],"unique":false}"#
        let entities = [
            entity("Entry", fields), entity("Item", fields), entity("OwnedItem", fields),
            entity("Product", product, indexes: byPrice, more: search),
        ]
        return """
            {"manifest_version":1,"name":"bench","version":"1.0.0","entities":[\(entities.joined(separator: ","))],
             "routes":[],"queries":[],"actions":[],
             "policies":[{"name":"owner","entity":"OwnedItem","allowRead":"auth.userId == data.ownerId"}]}
            """
    }()

    private static func entity(
        _ name: String, _ fields: [(name: String, type: String)], indexes: String = "", more: String = ""
    ) -> String {
        let list = fields.map { #"{"name":"\#($0.name)","type":"\#($0.type)","optional":false,"unique":false}"# }
        return """
            {"name":"\(name)","crdt":false,"fields":[\(list.joined(separator: ","))],"indexes":[\(indexes)],\
            "relations":[]\(more)}
            """
    }

    /// Requests that insert so many rows. Of the products each has the word `every`, one in ten `tenth`, and one in a hundred
    /// `hundredth`.
    static func inserts(into entity: String, _ count: Int, owner: String = "guest_0123456789abcdef")
        -> [RequestScript.Request]
    {
        (0..<count).map { number in
            let isProduct = entity == "Product"
            let body = isProduct ? words(number) : plainBody
            let category = isProduct ? #","category":"category \#(number % categories)""# : ""
            let price = Decimal.text(Double(number / categories * 37 % 1000) * 0.25, places: 2)
            return .init(
                "POST", "/api/entities/\(entity)",
                body: """
                    {"title":"Row number \(digits(number, 7))","body":"\(body)","ownerId":"\(owner)",\
                    "createdAt":"2026-05-\(digits(1 + number % 28, 2))T10:\(digits(number % 60, 2)):00Z",\
                    "done":\(number.isMultiple(of: 2) ? "true" : "false"),"quantity":\(number % 5000),\
                    "price":\(price)\(category)}
                    """)
        }
    }

    /// As long as the text that the floor inserts.
    private static let plainBody =
        "The quick brown fox jumps over the lazy dog while the five boxing wizards keep watch at the gate of dawn."

    /// Some twelve words out of a thousand, and those that say how rare they are.
    private static func words(_ number: Int) -> String {
        var text = "every"
        if number.isMultiple(of: 10) { text += " tenth" }
        if number.isMultiple(of: 100) { text += " hundredth" }
        var state = UInt64(number) &* 0x9E37_79B9_7F4A_7C15 | 1
        for _ in 0..<10 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            text += " word\(state >> 33 % 1000)"
        }
        return text
    }

    private static func digits(_ number: Int, _ places: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, places - text.count)) + text
    }
}
