import PylonHTTP
import PylonJSON
import PylonOpenAPI
import PylonSchema
import PylonTestSupport
import PylonTime
import Testing

@Suite struct APIDocumentTests {
    private let document = Samples.document

    private func operation(_ path: String, _ method: String = "get") throws -> JSONValue {
        try #require(document[path: "paths", path, method], "\(method) \(path)")
    }

    @Test func itIsOfTheVersionAndTheApp() {
        #expect(document["openapi"] == "3.0.3")
        #expect(document["info"] == ["title": "shop", "version": "1.2.3"])
        #expect(document["servers"] == [["url": ""]])
        #expect(
            document[path: "components", "securitySchemes"] == ["BearerAuth": ["type": "http", "scheme": "bearer"]])
    }

    @Test func everyDescribedRouteIsThereAndNoOther() throws {
        let paths = try #require(document["paths"]?.object)
        for route in Samples.routes where route.description != nil {
            let prefix = String(route.pattern.prefix { $0 != ":" })
            let method = route.method.token.lowercased()
            #expect(paths.contains { $0.key.hasPrefix(prefix) && $0.value[method] != nil }, "\(route.pattern)")
        }
        #expect(!paths.keys.contains("/page"))
        let count = paths.reduce(0) { $0 + ($1.value.object?.count ?? 0) }
        // Five of each entity, one of the searchable one, one of each action, three others.
        #expect(count == 5 * 4 + 1 + 3 + 3)
    }

    @Test("defect 48: paths have the names that the router knows")
    func pathsHaveTheNamesAsTheyAre() throws {
        _ = try operation("/api/entities/Thing")
        _ = try operation("/api/entities/Thing/{id}", "patch")
        _ = try operation("/api/search/Thing", "post")
        _ = try operation("/api/actions/toggle", "post")
        _ = try operation("/api/actions/say%20it%2Ftwice", "post")
        #expect(document[path: "paths", "/api/entities/thing"] == nil)
        #expect(document[path: "paths", "/api/search/User"] == nil)
    }

    @Test func operationsHaveNamesOfTheirOwn() throws {
        #expect(try operation("/api/entities/Thing")["operationId"] == "listThing")
        #expect(try operation("/api/actions/toggle", "post")["operationId"] == "executeToggle")
        let names = document.all("operationId").compactMap(\.string)
        #expect(Set(names).count == names.count)
    }

    @Test func everyReferenceHasItsTarget() {
        let example = SchemaExample(document: document, generator: SeededGenerator(seed: 0))
        let references = document.all("$ref").compactMap(\.string)
        #expect(references.count > 20)
        for reference in references { #expect(example.resolve(reference).object != nil, "\(reference)") }
    }

    @Test func schemasThatWouldShareANameAreToldApart() throws {
        // The entity ThingInput, and the input of the entity Thing; the entity Error, and the body of errors.
        #expect(document[path: "components", "schemas", "ThingInput", "properties", "id"] != nil)
        #expect(document[path: "components", "schemas", "ThingInput_", "properties", "text"] != nil)
        #expect(document[path: "components", "schemas", "Error", "properties", "error"] != nil)
        #expect(document[path: "components", "schemas", "Error_", "properties", "id"] != nil)
        let toggles = ["ToggleInput", "ToggleInput_"].map { document[path: "components", "schemas", $0, "required"] }
        #expect(toggles == [["at"], nil])
    }

    @Test func parametersOfPathsAreDescribed() throws {
        let parameters = try #require(
            try operation("/api/lookup/Thing/{field}/{value}")["parameters"]?.array)
        #expect(parameters.map { $0["name"] } == ["field", "value"])
        #expect(parameters.allSatisfy { $0["in"] == "path" && $0["required"] == true })
        #expect(parameters[0][path: "schema", "$ref"] == "#/components/schemas/ThingColumn")
    }

    @Test func answersOfWhatStandsBeforeARouteAreAdded() throws {
        let user = try operation("/api/entities/Thing/{id}", "patch")
        #expect(user[path: "responses", "401", "x-error-codes"] == ["AUTH_REQUIRED"])
        #expect(user[path: "responses", "401", "headers", "WWW-Authenticate", "required"] == true)
        #expect(user["security"] == [["BearerAuth": []]])
        let admin = try operation("/api/export")
        #expect(admin[path: "responses", "403", "x-error-codes"] == ["FORBIDDEN"])
        let anyone = try operation("/health")
        #expect(anyone["security"] == [[:], ["BearerAuth": []]])
        #expect(anyone[path: "responses", "401"] == nil)
        #expect(anyone[path: "responses", "408", "$ref"] == "#/components/responses/RequestTimeout")
        #expect(user[path: "responses", "405", "headers", "Allow", "required"] == true)
        #expect(anyone[path: "responses", "405"] == nil)
        // A status that the route has as well is described in one place.
        #expect(anyone[path: "responses", "409", "x-error-codes"] == ["RACE", "TAKEN"])
        #expect(anyone[path: "responses", "409", "headers", "Retry-After", "required"] == false)
    }

    @Test func bodiesSayHowLargeTheyMayBe() throws {
        let body = try #require(try operation("/api/entities/Thing", "post")["requestBody"])
        #expect(body["description"] == "At most 512 bytes.")
        #expect(try operation("/api/entities/Thing")["requestBody"] == nil)
    }

    @Test func rowsAreDescribedAsTheyAreRead() throws {
        let thing = try #require(document[path: "components", "schemas", "Thing"])
        #expect(thing["additionalProperties"] == false)
        #expect(thing["required"]?.array?.count == 10)
        #expect(thing[path: "properties", "flag", "type"] == "boolean")
        #expect(thing[path: "properties", "maybeAt", "nullable"] == true)
        #expect(thing[path: "properties", "at", "format"] == "date-time")
        #expect(thing[path: "properties", "id", "pattern"] == "^[0-9a-f]{40}$")
        let integers = Samples.document(Samples.app(boolsAsIntegers: true))
        #expect(integers[path: "components", "schemas", "Thing", "properties", "flag", "maximum"] == 1)
    }

    @Test func hiddenFieldsAreNotPromised() throws {
        let user = try #require(document[path: "components", "schemas", "User"])
        #expect(user["required"] == ["id", "email"])
        #expect(user[path: "properties", "notes"] != nil)
        #expect(user[path: "properties", "passwordHash"] == nil)
        #expect(document[path: "components", "schemas", "UserFilter", "properties", "passwordHash"] == nil)
        #expect(document[path: "components", "schemas", "UserColumn", "enum"] == ["id", "email"])
        #expect(document[path: "components", "schemas", "UserInput", "properties", "passwordHash"] != nil)
    }

    @Test func onlyWhatIsIndexedMayBeSearched() {
        #expect(document[path: "components", "schemas", "ThingFilter", "properties", "$search"] != nil)
        #expect(document[path: "components", "schemas", "UserFilter", "properties", "$search"] == nil)
    }

    @Test func theAppsOwnRefusalsAreDescribedWhereItsCodeRuns() throws {
        let create = try operation("/api/entities/Thing", "post")
        #expect(create[path: "responses", "4XX"] == nil)
        #expect(create[path: "responses", "409", "x-error-codes"] == ["RACE", "TAKEN"])
        let open = Samples.document(Samples.app(hasHooks: true, boundActions: ["toggle"]))
        let hooked = try #require(open[path: "paths", "/api/entities/Thing", "post", "responses"])
        #expect(hooked["4XX"] != nil)
        #expect(hooked["5XX"] == nil)
        #expect(hooked[path: "409", "x-error-codes"] == nil)
        #expect(open[path: "paths", "/api/actions/toggle", "post", "responses", "5XX"] != nil)
        #expect(open[path: "paths", "/api/actions/Toggle", "post", "responses", "4XX"] == nil)
        #expect(open[path: "paths", "/health", "get", "responses", "4XX"] == nil)
    }

    @Test func aServerWithoutAnAppDescribesTheRest() throws {
        let bare = Samples.document(DocumentedApp(title: "pylon", version: "0"))
        #expect(bare["info"] == ["title": "pylon", "version": "0"])
        #expect(bare[path: "paths", "/health"] != nil)
        #expect(bare[path: "paths", "/api/entities/Thing"] == nil)
    }

    @Test func whatTheSchemasAllowIsAccepted() throws {
        // How many conditions a filter may have is not for a schema to say.
        var limits = FilterLimits()
        limits.conditionCountMaximum = .max
        limits.operandCountMaximum = .max
        var example = SchemaExample(document: document, generator: SeededGenerator(seed: testSeed()))
        for entity in Samples.manifest.entities {
            let schemas = try ["input", "patch", "filter"].map { kind in
                let operations = [
                    "input": ("/api/entities/\(entity.name)", "post"),
                    "patch": ("/api/entities/\(entity.name)/{id}", "patch"),
                    "filter": ("/api/query/\(entity.name)", "post"),
                ]
                let (path, method) = try #require(operations[kind])
                return try #require(
                    try operation(path, method)[path: "requestBody", "content", "application/json", "schema"])
            }
            for _ in 0..<200 {
                let (input, patch) = (example.value(schemas[0]), example.value(schemas[1]))
                #expect(throws: Never.self, "\(input)") { try EntityInput(input, for: entity) }
                #expect(throws: Never.self, "\(patch)") { try RowPatch(patch, for: entity) }
                let filter = example.value(schemas[2])
                #expect(throws: Never.self, "\(filter)") { try FilterParser.parse(filter, for: entity, limits: limits) }
            }
        }
    }

    @Test func whatTheSchemasForbidIsRefused() throws {
        let thing = try #require(Samples.manifest.entity("Thing"))
        var example = SchemaExample(document: document, generator: SeededGenerator(seed: testSeed()))
        let schema: JSONValue = ["$ref": "#/components/schemas/ThingInput_"]
        let required = try #require(example.resolve("#/components/schemas/ThingInput_")["required"]?.array)
        for name in required.compactMap(\.string) {
            var input = try #require(example.value(schema).object)
            input[name] = nil
            #expect(throws: InputProblem.self) { try EntityInput(.object(input), for: thing) }
        }
        var input = try #require(example.value(schema).object)
        input["colour"] = "red"
        #expect(throws: InputProblem.self) { try EntityInput(.object(input), for: thing) }
    }
}
