import PylonJSON
import Testing

@testable import PylonReplication

struct ComponentSchemaTests {
    private static let position = PositionSchema(dimensions: 2, min: 0, max: 100, bits: 10)

    @Test func aSchemaComesBackFromItsJSON() throws {
        let schema = try ComponentSchema(
            position: PositionSchema(
                axes: [
                    .init(min: -5, max: 5, bits: 8), .init(min: 0, max: 1.5, bits: 24), .init(min: -1, max: 1, bits: 1),
                ],
                differenceBits: [2, 3, 24], weight: 2.5),
            types: [
                EntityType("empty"),
                EntityType(
                    "full",
                    [
                        ComponentField("a", .bool), ComponentField("b", .unsigned(bits: 32), isOwnerOnly: true),
                        ComponentField("c", .signed(bits: 2), weight: 0.5),
                        ComponentField("d", .float(min: -0.5, max: 1e9, bits: 31)),
                    ]),
            ])
        var json = JSONWriter()
        schema.write(into: &json)
        let back = try ComponentSchema(json: JSONParser.parse(json.text))
        #expect(back == schema)
    }

    @Test func impossibleSchemasAreRefused() {
        func refuses(_ types: [EntityType], _ position: PositionSchema = Self.position) {
            #expect(throws: ComponentSchemaError.self) { try ComponentSchema(position: position, types: types) }
        }
        refuses([])
        refuses([EntityType("a"), EntityType("a")])
        refuses([EntityType("")])
        refuses([EntityType(String(repeating: "x", count: 65))])
        refuses([EntityType("a", [ComponentField("f", .bool), ComponentField("f", .bool)])])
        for name in ["id", "type", "isOwned", "x", "y", "z", "__proto__"] {
            refuses([EntityType("a", [ComponentField(name, .bool)])])
        }
        refuses([EntityType("a", (0..<33).map { ComponentField("f\($0)", .bool) })])
        refuses((0..<256).map { EntityType("t\($0)") })
        for kind in [
            FieldKind.unsigned(bits: 0), .unsigned(bits: 33), .signed(bits: 1), .float(min: 1, max: 1, bits: 8),
            .float(min: 0, max: .infinity, bits: 8), .float(min: .nan, max: 1, bits: 8),
            .float(min: 0, max: 1, bits: 33),
            .float(min: -.greatestFiniteMagnitude, max: .greatestFiniteMagnitude, bits: 8),
        ] { refuses([EntityType("a", [ComponentField("f", kind)])]) }
        for weight in [0, -1, .nan, .infinity, 1001] {
            refuses([EntityType("a", [ComponentField("f", .bool, weight: weight)])])
        }
        let fine = [EntityType("a")]
        refuses(fine, PositionSchema(dimensions: 1, min: 0, max: 1, bits: 8))
        refuses(fine, PositionSchema(dimensions: 4, min: 0, max: 1, bits: 8))
        refuses(fine, PositionSchema(dimensions: 2, min: 0, max: 1, bits: 25))
        refuses(fine, PositionSchema(dimensions: 2, min: 1, max: 0, bits: 8))
        for bits in [[1, 2, 3], [5, 5, 6], [5, 6], [5, 6, 25], [6, 5, 7]] {
            refuses(fine, PositionSchema(axes: Self.position.axes, differenceBits: bits))
        }
    }

    @Test(arguments: [
        "1", "{}", #"{"version":2}"#, #"{"version":1,"position":{"axes":[{}]},"types":[]}"#,
        #"{"version":1,"position":{"axes":[{"min":0,"max":1,"bits":8},{"min":0,"max":1,"bits":8}]},"types":[{"name":"a"}]}"#,
        #"{"version":1,"position":{"axes":[{"min":0,"max":1,"bits":8},{"min":0,"max":1,"bits":8}]},"types":[{"name":"a","fields":[{"name":"f","kind":"text"}]}]}"#,
        #"{"version":1,"position":{"axes":[{"min":0,"max":1,"bits":8},{"min":0,"max":1,"bits":8}]},"types":[{"name":"a","fields":[{"name":"f","kind":"signed"}]}]}"#,
        #"{"version":1,"position":{"axes":[{"min":0,"max":1,"bits":8},{"min":0,"max":1,"bits":8}],"difference_bits":[1,2,"x"]},"types":[{"name":"a","fields":[]}]}"#,
    ])
    func jsonThatIsNoSchemaIsRefused(text: String) throws {
        let json = try JSONParser.parse(text)
        #expect(throws: ComponentSchemaError.self) { try ComponentSchema(json: json) }
    }
}
