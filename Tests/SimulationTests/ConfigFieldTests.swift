import PylonJSON
import Testing

@testable import PylonSimulation

@Suite struct ConfigFieldTests {
    private let fields: [ConfigField] = [
        .integer("count", 1...10, default: 5, "how many"), .number("speed", 0...2.5, "how fast"),
        .boolean("fog", default: false, "whether one sees far"),
        .choice("map", ["dust", "ice"], default: "ice", "where"),
        ConfigField("title", .text(1...8), isRequired: true, "its name"), ConfigField("extra", .any, "anything"),
    ]

    @Test func defaultsArePutInAndTheRestStays() throws {
        let config = try ConfigField.complete(["title": "a", "count": nil, "other": 1], with: fields)
        #expect(config == ["title": "a", "count": 5, "fog": false, "map": "ice", "other": 1])
        #expect(try ConfigField.complete(["x": 1], with: []) == ["x": 1])
    }

    @Test(
        arguments: [
            ("count", 1), ("count", 10), ("count", 3.0), ("speed", 2.5), ("speed", 0), ("fog", true), ("map", "dust"),
            ("title", "12345678"), ("extra", [1, ["a": nil]]),
        ] as [(String, JSONValue)])
    func whatFitsIsTaken(name: String, value: JSONValue) throws {
        var config = JSONObject()
        config["title"] = "a"
        config[name] = value
        #expect(try ConfigField.complete(.object(config), with: fields)[name] == value)
    }

    @Test(
        arguments: [
            ("count", 0, "must be a whole number from 1 to 10"), ("count", 11, "must be a whole number from 1 to 10"),
            ("count", 1.5, "must be a whole number from 1 to 10"),
            ("count", "1", "must be a whole number from 1 to 10"),
            ("speed", 2.6, "must be a number from 0.0 to 2.5"), ("fog", 1, "must be true or false"),
            ("map", "sea", #"must be "dust" or "ice""#), ("title", nil, "is missing"),
            ("title", "", "must be a string of 1 to 8 bytes"),
            ("title", "123456789", "must be a string of 1 to 8 bytes"),
        ] as [(String, JSONValue, String)])
    func whatDoesNotFitNamesTheField(name: String, value: JSONValue, problem: String) {
        var config = JSONObject()
        config["title"] = "a"
        config[name] = value
        #expect(throws: ConfigurationError(name, problem)) {
            try ConfigField.complete(.object(config), with: fields)
        }
    }

    @Test func aSchemaSaysWhatFits() {
        #expect(
            ConfigField.schema(of: fields) == [
                "type": "object",
                "properties": [
                    "count": ["type": "integer", "minimum": 1, "maximum": 10, "default": 5, "description": "how many"],
                    "speed": ["type": "number", "minimum": 0, "maximum": 2.5, "description": "how fast"],
                    "fog": ["type": "boolean", "default": false, "description": "whether one sees far"],
                    "map": ["type": "string", "enum": ["dust", "ice"], "default": "ice", "description": "where"],
                    "title": ["type": "string", "maxLength": 8, "description": "its name"],
                    "extra": ["description": "anything"],
                ],
                "required": ["title"],
            ])
    }
}
