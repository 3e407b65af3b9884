internal import PylonGateway
internal import PylonHTTP

/// What the routes to the matchmaker do, for the API's document.
extension RouteDescription {
    static let listMatchQueues = RouteDescription(
        "listMatchQueues", "The queues that players can wait in for a match.", topic: .matchmaker,
        answers: [
            .ok(
                "The queues.",
                .array(
                    .object([
                        .required("name", .text), .required("kind", .text), .required("min_players", .count),
                        .required("max_players", .count), .required("max_party", .count),
                        .required("modes", .array(.text)), .required("regions", .array(.text)),
                        .required("queued", .count),
                    ])))
        ])

    static let joinMatchQueue = RouteDescription(
        "joinMatchQueue", "Joins a queue, alone or for the party that the caller leads; leaves any other.",
        topic: .matchmaker,
        body: .json(
            .object([.required("queue", .text), .optional("criteria", .nullable(.anyObject))], isOpen: true)),
        answers: [.ok("Where the caller stands.", status)],
        failures: [
            .invalidJSON, .missingField, .invalidField, .matchQueueNotFound, .matchQueueFull, .partyTooLarge,
            .notPartyLeader, .guestsNotAllowed,
        ])

    static let getMatchStatus = RouteDescription(
        "getMatchStatus", "Where the caller stands; with `wait` once that has changed.", topic: .matchmaker,
        inputs: [
            .query("wait", .integer(0...25), "For how many seconds to wait for another status."),
            .query(
                "unless", .choice(["idle", "queued", "matched"]), "The status that the caller knows; else `queued`."),
        ],
        answers: [.ok("Where the caller stands.", status)], failures: [.invalidField, .overloaded])

    static let cancelMatch = RouteDescription(
        "cancelMatch", "Leaves the queue or the match, until it is acknowledged.", topic: .matchmaker,
        answers: [
            .ok(
                "Whether it was done, and if not, why.",
                .object([
                    .required("cancelled", .boolean), .optional("reason", .choice(["not_queued", "acknowledged"])),
                ]))
        ])

    static let acknowledgeMatch = RouteDescription(
        "acknowledgeMatch", "Takes the place in a match.", topic: .matchmaker,
        answers: [
            .ok(
                "Where to play: the shard, under which name, and with which code if it is private.",
                .object([
                    .required("player_id", .text), .required("shard_id", .text),
                    .required("assigned_at_secs", .count), .required("queue", .text), .required("sid", .text),
                    .optional("code", .text),
                ]))
        ], failures: [.notMatched])

    static let getParty = RouteDescription(
        "getParty", "The party that the caller is in.", topic: .matchmaker, answers: [party])

    static let createParty = RouteDescription(
        "createParty", "Makes a party that the caller leads; leaves any other.", topic: .matchmaker,
        answers: [party], failures: [.tooManyParties])

    static let joinParty = RouteDescription(
        "joinParty", "Joins the party of a code; leaves any other.", topic: .matchmaker,
        body: .json(.object([.required("code", .text)], isOpen: true)), answers: [party],
        failures: [.invalidJSON, .missingField, .invalidField, .partyNotFound, .partyFull, .partyBusy])

    static let leaveParty = RouteDescription(
        "leaveParty", "Leaves the party, or has its leader send a member away.", topic: .matchmaker,
        body: .json(.object([.optional("user_id", .nullable(.text))], isOpen: true)), answers: [party],
        failures: [.invalidJSON, .invalidField, .notInParty, .notPartyLeader])

    private static let party = RouteAnswer.ok(
        "The party, with the code that lets others join; null for none.",
        .object([
            .required(
                "party",
                .nullable(
                    .object([
                        .required("code", .text), .required("leader", .text), .required("members", .array(.text)),
                    ])))
        ]))

    private static let status = ValueSchema.named(
        "MatchStatus",
        .object([
            .required("status", .choice(["idle", "queued", "matched"])), .optional("reason", .text),
            .optional("position", .count), .optional("waiting_secs", .count), .optional("queue", .text),
            .optional("mode", .text), .optional("players", .count), .optional("shard_id", .text),
            .optional("expires_in_secs", .count),
        ]))
}
