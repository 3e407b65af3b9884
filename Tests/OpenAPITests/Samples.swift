import PylonHTTP
import PylonJSON
import PylonOpenAPI
import PylonSchema

/// An app and routes to describe.
enum Samples {
    /// Every type of field, and names that get in each other's way.
    static let manifest = Manifest(
        name: "shop", appVersion: "1.2.3",
        entities: [
            Entity(
                name: "Thing",
                fields: [
                    Field(name: "text", type: .string), Field(name: "whole", type: .int),
                    Field(name: "number", type: .float), Field(name: "flag", type: .bool),
                    Field(name: "at", type: .datetime), Field(name: "prose", type: .richtext),
                    Field(name: "owner", type: .reference("User"), isOptional: true),
                    Field(name: "maybeAt", type: .datetime, isOptional: true),
                    Field(name: "maybeFlag", type: .bool, isOptional: true),
                ], relations: [Relation(name: "owner", target: "User", field: "owner")],
                search: SearchSettings(text: ["text"])),
            Entity(
                name: "User",
                fields: [
                    Field(name: "email", type: .string), Field(name: "passwordHash", type: .string, isOptional: true),
                    Field(name: "notes", type: .string, isOptional: true),
                ]),
            Entity(name: "ThingInput", fields: [Field(name: "code", type: .int, isOptional: true)]),
            Entity(name: "Error", fields: [Field(name: "code", type: .int, isOptional: true)]),
        ],
        actions: [
            Operation(name: "toggle", input: [Field(name: "at", type: .datetime)]), Operation(name: "Toggle"),
            Operation(name: "say it/twice"),
        ])

    static let app = app()

    static func app(
        boolsAsIntegers: Bool = false, hasHooks: Bool = false, boundActions: Set<String> = []
    ) -> DocumentedApp {
        DocumentedApp(
            manifest, writesBoolsAsIntegers: boolsAsIntegers, hasHooks: hasHooks, boundActions: boundActions,
            secret: { $0 == "User" ? ["passwordHash"] : [] },
            hidden: { $0 == "User" ? ["passwordHash", "notes"] : [] })
    }

    static let routes: [Route<Int>] = [
        Route(.get, "/health", description("getHealth"), access: .anyone, handler: 0),
        Route(.get, "/page", nil, access: .anyone, handler: 0),
        Route(
            .get, "/api/entities/:entity", description("list*", per: .entity, answer: .array(.part(.row))),
            access: .anyone, handler: 0),
        Route(
            .post, "/api/entities/:entity",
            description("create*", per: .entity, body: .part(.input), answer: .done("created"), runs: .hooks),
            access: .anyone, bodyLimit: .bytes(512), handler: 0),
        Route(
            .patch, "/api/entities/:entity/:id",
            description("update*", per: .entity, body: .part(.patch), answer: .done("updated")), access: .user,
            handler: 0),
        Route(
            .post, "/api/query/:entity",
            description("query*", per: .entity, body: .part(.filter), answer: .array(.part(.row))),
            access: .anyone, handler: 0),
        Route(
            .post, "/api/search/:entity",
            description("search*", per: .searchableEntity, body: .part(.column), answer: .array(.part(.row))),
            access: .anyone, handler: 0),
        Route(
            .get, "/api/lookup/:entity/:field/*value",
            description("lookUp*", per: .entity, path: ["field": .part(.column)], answer: .part(.row)),
            access: .anyone, handler: 0),
        Route(
            .post, "/api/link",
            description(
                "link", body: .anyEntity(.object([.required("entity", .subjectName)])), answer: .done("linked")),
            access: .admin, handler: 0),
        Route(
            .get, "/api/export",
            description("export", answer: .memberForEachEntity(.array(.part(.row)), isRequired: false)),
            access: .admin, handler: 0),
        Route(
            .post, "/api/actions/:name",
            description("execute*", per: .action, body: .part(.input), answer: .any, runs: .action), access: .anyone,
            handler: 0),
    ]

    private static func description(
        _ name: String, per subject: RouteSubject? = nil, path: [String: ValueSchema] = [:], body: ValueSchema? = nil,
        answer: ValueSchema = .anyObject, runs appCode: RouteAppCode? = nil
    ) -> RouteDescription {
        RouteDescription(
            name, "What it does.", topic: .entities, per: subject, path: path, body: body.map { .json($0) },
            answers: [.ok("It is done.", answer)],
            failures: [RouteFailure(.conflict, "TAKEN", fields: ["Retry-After"])],
            runs: appCode
        )
    }

    static let errors = SharedFailures(
        anywhere: [RouteFailure(.requestTimeout, "REQUEST_TIMEOUT"), RouteFailure(.conflict, "RACE")],
        parameters: [RouteFailure(.methodNotAllowed, "METHOD_NOT_ALLOWED", fields: ["Allow"])],
        user: RouteFailure(.unauthorized, "AUTH_REQUIRED", fields: ["WWW-Authenticate"]),
        admin: RouteFailure(.forbidden, "FORBIDDEN"))

    static func document(_ app: DocumentedApp = app) -> JSONValue {
        APIDocument(routes.compactMap(DocumentedRoute.init), of: app, errors: errors).json
    }

    static let document = document()
}

extension JSONValue {
    /// The value at a path of keys.
    subscript(path keys: String...) -> JSONValue? {
        keys.reduce(self) { value, key in value?[key] }
    }

    /// Every value with this key, at any depth.
    func all(_ key: String) -> [JSONValue] {
        if let array { return array.flatMap { $0.all(key) } }
        guard let object else { return [] }
        return object.flatMap { member in (member.key == key ? [member.value] : []) + member.value.all(key) }
    }
}
