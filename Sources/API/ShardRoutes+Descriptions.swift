internal import PylonGateway
internal import PylonHTTP

/// What the routes to shards do, for the API's document.
extension RouteDescription {
    static let listShards = RouteDescription(
        "listShards", "All shards.", topic: .shards, answers: [.ok("The shards.", .array(shard))])

    static let listShardKinds = RouteDescription(
        "listShardKinds", "The kinds of shard that the server knows, and what they take as `config`.", topic: .shards,
        answers: [
            .ok(
                "The kinds.",
                .array(
                    .object([
                        .required("name", .text), .required("listed", .boolean), .required("open", .boolean),
                        .required("config", .anyObject),
                    ])))
        ])

    static let createShard = RouteDescription(
        "createShard", "Makes a shard of a kind that the server knows.", topic: .shards,
        body: .json(
            .object(
                [.required("id", .text), .required("kind", .text), .optional("config", .anyObject)],
                isOpen: true)),
        answers: [
            .created(
                "The new shard, and which fields of `config` meant nothing.",
                .object(shardMembers + [.optional("ignored_config", .array(.text))]))
        ],
        failures: [
            .invalidJSON, .missingField, .invalidField, .shardIDInvalid, .shardKindUnknown, .shardConfigInvalid,
            .shardExists, .shardsTooMany, .shardNotStored,
        ])

    static let getShard = RouteDescription(
        "getShard", "How a shard is doing; numbers, no state.", topic: .shards, answers: [.ok("The shard.", shard)],
        failures: [.shardNotFound])

    static let deleteShard = RouteDescription(
        "deleteShard", "Stops a shard and removes it.", topic: .shards,
        answers: [.ok("It is gone.", .object([.required("removed", .text)]))],
        failures: [.shardNotFound, .shardNotForgotten])

    static let watchShard = RouteDescription(
        "watchShard", "The state of a shard, at every tick the newest.", topic: .shards,
        inputs: joining + [
            .query("proto", .text, "`2` for stream v2; its other fields are of stream v2, too."),
            .query("events", .text, "`1` for the events, too."),
            .query("resume_events", cursor, "The number of the last event received."),
            .query("resume_token", .string(.init(pattern: "^[0-9a-fA-F]{32}$")), "The seat to take up again."),
        ],
        answers: [stream], failures: subscribing + [.resyncRequired])

    static let watchShardEvents = RouteDescription(
        "watchShardEvents", "The events of a shard, without gaps behind a cursor.", topic: .shards,
        inputs: joining + [
            .query("resume", cursor, "The number of the last event received."),
            .header("Last-Event-ID", cursor, "The same, as browsers send it by themselves; it goes before `resume`."),
        ],
        answers: [stream], failures: subscribing + [.resyncRequired])

    static let sendShardInput = RouteDescription(
        "sendShardInput", "Hands an input to a shard, which applies it at its next tick.", topic: .shards,
        inputs: [.query("sid", .text, "Who sends, without a credential and `subscriber_id`.")],
        body: .json(
            .object(
                [
                    .optional("input", .any), .optional("client_seq", .nullable(.count)),
                    .optional("tick", .nullable(.count)), .optional("subscriber_id", .nullable(.text)),
                ], isOpen: true)),
        answers: [
            .ok("It is in the queue.", .object([.required("accepted", .boolean), .required("seq", .count)]))
        ],
        failures: [
            .shardNotFound, .invalidJSON, .invalidField, .inputUnauthorized, .inputRejected, .inputRateLimited,
        ])

    static let shard = ValueSchema.named("Shard", .object(shardMembers))
    static let shardMembers: [ValueSchema.Member] = [
        .required("id", .text), .required("kind", .text), .required("running", .boolean), .required("tick", .count),
        .required("subscribers", .count), .required("input_queue", .count), .required("players", .count),
        .required("spectators", .count), .required("private", .boolean),
    ]
    private static let cursor = ValueSchema.string(.init(pattern: "^[0-9]{1,19}$"))
    private static let joining = [
        subscriber,
        RouteInput.query("role", .choice(["player", "spectator"]), "As what to take part; else as a player."),
        RouteInput.query("code", .text, "What lets the caller into a private shard."),
    ]
    private static let subscriber = RouteInput.query("sid", .text, "Under which name to take part; else the user id.")
    private static let stream = RouteAnswer(.ok, "The stream.", [.eventStream])
    private static let subscribing: [RouteFailure] = [
        .shardNotFound, .invalidField, .subscribeUnauthorized, .subscribeFailed, .tooManyConnections,
        .tooManyAttempts, .streamNeedsHTTP11,
    ]
}
