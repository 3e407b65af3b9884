internal import PylonGateway
internal import PylonHTTP

/// What the routes to many rows do, for the API's document.
extension RouteDescription {
    static let batch = RouteDescription(
        "batch", "Changes rows, each operation for itself.", topic: .entities,
        body: .json(.object([.required("operations", .array(operation))], isOpen: true)),
        answers: [
            .ok(
                "What became of each operation.",
                .named(
                    "BatchResult",
                    .object([
                        .required("failed", .count), .required("results", .array(outcome([.required("ok", .boolean)]))),
                        .required("succeeded", .count),
                    ])))
        ],
        failures: failures)

    static let transact = RouteDescription(
        "transact", "Changes rows, all of them or none.", topic: .entities, body: .json(.array(operation)),
        answers: [
            .ok("All is done.", transaction),
            RouteAnswer(.badRequest, "Nothing is done; the last result says why.", [.json(transaction)]),
        ],
        failures: failures)

    static let exportRows = RouteDescription(
        "export", "All rows of the app, everything that is stored of them.", topic: .entities,
        answers: [.ok("The rows.", export(.memberForEachEntity(.array(.part(.record)), isRequired: true)))],
        failures: .bulk)

    static let exportEntity = RouteDescription(
        "export*", "All rows of an entity, everything that is stored of them.", topic: .entities, per: .entity,
        answers: [.ok("The rows.", export(.map(.array(.part(.record)))))], failures: .bulk)

    static let importRows = RouteDescription(
        "import", "Adds rows with the ids that they bring along, each for itself.", topic: .entities,
        body: .json(
            .object(
                [.required("entities", .memberForEachEntity(.array(.part(.importRow)), isRequired: false))],
                isOpen: true)),
        answers: [.ok("What became of the rows; the first errors one by one.", .named("ImportResult", importResult))],
        failures: .bulk + [.invalidJSON, .missingField, .invalidData])

    private static func export(_ entities: ValueSchema) -> ValueSchema {
        .object([
            .required("entities", entities), .required("counts", .map(.count)), .required("exported_at", .dateTime),
        ])
    }

    private static let importResult = ValueSchema.object([
        .required(
            "by_entity",
            .array(
                .object([.required("entity", .text), .required("failed", .count), .required("inserted", .count)]))),
        .required(
            "errors",
            .array(
                .object([
                    .required("code", .text), .required("entity", .text), .required("error", .text),
                    .required("index", .count),
                ]))),
        .required("failed", .count), .required("imported", .count),
    ])

    private static let operation = ValueSchema.anyEntity(
        .named(
            "*Operation",
            .either([
                operation("insert", [.required("data", .part(.input))]),
                operation("update", [.required("id", .rowID), .required("data", .part(.patch))]),
                operation("delete", [.required("id", .rowID)]),
            ])))

    private static func operation(_ name: String, _ members: [ValueSchema.Member]) -> ValueSchema {
        .object([.required("op", .choice([name])), .required("entity", .subjectName)] + members, isOpen: true)
    }

    private static let transaction = ValueSchema.named(
        "TransactionResult",
        .object([
            .required("committed", .boolean),
            .required(
                "results", .array(outcome([.optional("updated", .boolean), .optional("deleted", .boolean)]))),
        ]))

    /// What became of an operation; `code` and `error` say why nothing did.
    private static func outcome(_ members: [ValueSchema.Member]) -> ValueSchema {
        .object(
            [
                .optional("code", .text), .optional("error", .text), .optional("id", .text), .optional("op", .text),
            ] + members)
    }

    private static let failures: [RouteFailure] =
        .bulk + [.invalidJSON, .missingOperations, .tooManyOperations]
}
