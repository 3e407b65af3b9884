internal import PylonGateway
internal import PylonHTTP

/// What aggregates, searches and graph queries do, for the API's document.
extension RouteDescription {
    static let aggregateRows = RouteDescription(
        "aggregate*", "Counts and sums over the rows that the caller may read, by group.", topic: .entities,
        per: .entity,
        body: .json(
            .object([
                .optional("count", .either([.choice(["*"]), .part(.column)])), .optional("sum", columns),
                .optional("avg", columns), .optional("min", columns), .optional("max", columns),
                .optional("countDistinct", columns), .optional("groupBy", .array(.either([.part(.column), bucket]))),
                .optional("where", .part(.condition)),
            ])),
        answers: [.ok("One object for each group.", .object([.required("rows", .array(.map(.any)))]))],
        failures: .reading + .filtering + [.aggregateNeedsCondition])

    static let searchRows = RouteDescription(
        "search*", "The rows that a text and filters find, with counts of their facets' values.", topic: .entities,
        per: .searchableEntity,
        body: .json(
            .object([
                .optional("query", .text), .optional("filters", .anyObject),
                .optional("facets", .array(.part(.column))),
                .optional("sort", .array(.text, counts: 2...2)), .optional("page", .count),
                .optional("page_size", .count),
            ])),
        answers: [
            .ok(
                "A page of hits; `total` and the counts are of all that was found.",
                .named(
                    "*SearchResult",
                    .object([
                        .required("facetCounts", .map(.map(.count))), .required("hits", .array(.part(.row))),
                        .required("tookMs", .count), .required("total", .count),
                    ])))
        ],
        failures: .reading + .filtering + [.searchNotConfigured, .searchNeedsCondition])

    static let searchNothing = RouteDescription(
        "search", "Names no entity, and is refused.", topic: .entities, body: .json(.anyObject), answers: [],
        failures: [.missingEntity])

    static let showSearchIndexes = RouteDescription(
        "listSearchIndexes", "The full-text indexes there are.", topic: .operations,
        answers: [
            .ok(
                "One object for each searchable entity.",
                .array(
                    .object([
                        .required("entity", .text), .required("facet_fields", .array(.text)),
                        .required("fts_table", .nullable(.text)), .required("id", .text),
                        .required("sortable_fields", .array(.text)), .required("text_fields", .array(.text)),
                    ])))
        ])

    static let queryGraph = RouteDescription(
        "queryGraph", "Rows of several entities with those that their relations lead to.", topic: .entities,
        body: .json(
            .memberForEachEntity(
                .object([
                    .optional("where", .part(.filter)), .optional("limit", .count), .optional("include", .anyObject),
                ]), isRequired: false)),
        answers: [.ok("The rows, by entity.", .map(.array(.anyObject)))],
        failures: .reading + .filtering + [.entityNotFound, .relationNotFound])

    private static let columns = ValueSchema.array(.part(.column))
    private static let bucket = ValueSchema.object([
        .required("field", .part(.column)), .optional("bucket", .choice(["hour", "day", "week", "month", "year"])),
    ])
}
