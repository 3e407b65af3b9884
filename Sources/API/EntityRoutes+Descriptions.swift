internal import PylonGateway
internal import PylonHTTP

/// What the routes to rows do, for the API's document: one operation for each entity.
extension RouteDescription {
    static let listRows = RouteDescription(
        "list*", "The rows that the caller may read, in the order of their ids.", topic: .entities, per: .entity,
        inputs: [
            .query("limit", .count, "How many rows; all of them unless given."),
            .query("offset", .count, "How many rows to leave out before."),
        ],
        answers: [
            .ok(
                "The rows. `count` is how many these are.",
                .named(
                    "*List",
                    .object([
                        .required("count", .count), .required("data", .array(.part(.row))),
                        .required("limit", .nullable(.count)), .required("offset", .count),
                    ])))
        ],
        failures: .reading + [.responseTooLarge])

    static let createRow = RouteDescription(
        "create*", "Adds a row.", topic: .entities, per: .entity, body: .json(.part(.input)),
        answers: [.created("The id of the new row.", .named("Created", .object([.required("id", .rowID)])))],
        failures: .writing, runs: .hooks)

    static let listRowsByCursor = RouteDescription(
        "list*ByCursor", "A page of rows behind a cursor, in the order of their ids.", topic: .entities, per: .entity,
        inputs: [
            .query("after", .rowID, "The id of the row that the page begins behind."),
            .query("limit", .count, "How many rows, at most 100; 20 unless given."),
        ],
        answers: [
            .ok(
                "The page. `next_cursor` is the id of its last row.",
                .named(
                    "*Page",
                    .object([
                        .required("data", .array(.part(.row))), .required("has_more", .boolean),
                        .required("next_cursor", .nullable(.rowID)),
                    ])))
        ],
        failures: .reading + [.responseTooLarge])

    static let getRow = RouteDescription(
        "get*ById", "A row.", topic: .entities, per: .entity, path: ["id": .rowID],
        answers: [.ok("The row.", .part(.row))], failures: .reading + [.rowNotFound])

    static let updateRow = RouteDescription(
        "update*", "Changes the fields given.", topic: .entities, per: .entity, path: ["id": .rowID],
        body: .json(.part(.patch)), answers: [.ok("It is changed.", .done("updated"))],
        failures: .writing + [.rowNotFound], runs: .hooks)

    static let deleteRow = RouteDescription(
        "delete*", "Removes a row.", topic: .entities, per: .entity, path: ["id": .rowID],
        answers: [.ok("It is gone.", .done("deleted"))], failures: .reading + [.rowNotFound], runs: .hooks)

    static let queryRows = RouteDescription(
        "query*", "The rows that a filter asks for.", topic: .entities, per: .entity, body: .json(.part(.filter)),
        answers: [.ok("The rows.", .array(.part(.row)))], failures: .reading + .filtering)

    static let getManifest = RouteDescription(
        "getManifest", "The app's manifest, without the texts of its rules.", topic: .entities,
        inputs: [
            .query("full", .choice(["0", "1", "true", "false"]), "Whether administrators get the rules as well.")
        ],
        answers: [.ok("The manifest.", .anyObject)])

    static let lookUpRow = RouteDescription(
        "lookUp*", "The first row with a value in a field, of those that the caller may read.", topic: .entities,
        per: .entity, path: ["field": .part(.column)], answers: [.ok("The row.", .part(.row))],
        failures: .reading + [.rowNotFound, .invalidColumn])

    static let linkRows = RouteDescription(
        "link", "Makes a relation of a row lead to another row: an update.", topic: .entities,
        body: .json(.anyLinkedEntity(.object(linkMembers + [.required("target_id", .rowID)], isOpen: true))),
        answers: [.ok("It does.", .done("linked"))], failures: linking, runs: .hooks)

    static let unlinkRows = RouteDescription(
        "unlink", "Makes a relation of a row lead nowhere: an update.", topic: .entities,
        body: .json(.anyLinkedEntity(.object(linkMembers, isOpen: true))),
        answers: [.ok("It does.", .done("unlinked"))], failures: linking, runs: .hooks)

    private static let linkMembers: [ValueSchema.Member] = [
        .required("entity", .subjectName), .required("id", .rowID), .required("relation", .part(.link)),
    ]
    private static let linking: [RouteFailure] =
        .writing + [.entityNotFound, .rowNotFound, .relationNotFound, .missingField, .invalidField]
}
