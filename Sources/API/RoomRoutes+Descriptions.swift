internal import PylonGateway
internal import PylonHTTP

/// What the routes to rooms do, for the API's document.
extension RouteDescription {
    static let joinRoom = RouteDescription(
        "joinRoom", "Makes the caller a member of a room, or replaces what they say.", topic: .rooms,
        body: call([.optional("data", .any)]),
        answers: [
            .ok(
                "Who was in the room before.",
                .object([
                    .required("joined", .text),
                    .required(
                        "snapshot",
                        .object([
                            .required("type", .choice(["snapshot"])), .required("room", .text),
                            .required("peers", .array(peer)),
                        ])),
                ]))
        ], failures: calling + [.roomLimitReached, .roomFull, .tooManyRooms])

    static let leaveRoom = RouteDescription(
        "leaveRoom", "Ends a membership.", topic: .rooms, body: call([]),
        answers: [
            .ok("It has ended.", .object([.required("left", .text), .required("was_present", .boolean)]))
        ], failures: calling)

    static let setPresence = RouteDescription(
        "setPresence", "Replaces what a member says.", topic: .rooms, body: call([.optional("data", .any)]),
        answers: [outcome("updated")], failures: calling + [.roomLimitReached, .roomFull])

    static let broadcast = RouteDescription(
        "broadcast", "Tells everyone in a room something.", topic: .rooms,
        body: call([.required("topic", name), .optional("data", .any)]), answers: [outcome("broadcasted")],
        failures: calling + [.missingTopic])

    static let listRooms = RouteDescription(
        "listRooms", "The rooms that the caller is in; to administrators, all.", topic: .rooms,
        answers: [
            .ok("The rooms.", .array(.object([.required("members", .count), .required("name", .text)])))
        ])

    static let getRoom = RouteDescription(
        "getRoom", "Who is in a room; nobody, to those who are not.", topic: .rooms,
        answers: [
            .ok(
                "The members.",
                .object([
                    .required("room", .text), .required("members", .array(peer)), .required("count", .count),
                ]))
        ])

    private static let peer = ValueSchema.named(
        "RoomPeer",
        .object([
            .required("user_id", .text), .required("data", .any), .required("joined_at", .text),
        ]))
    private static let name = ValueSchema.string(.init(pattern: #"^[^\x00-\x1F\x7F]*$"#, counts: 1...64))
    private static let calling: [RouteFailure] = [.invalidJSON, .missingRoom, .invalidField]

    private static func call(_ members: [ValueSchema.Member]) -> RouteContent {
        .json(
            .object([.required("room", name), .optional("user_id", .nullable(name))] + members, isOpen: true))
    }

    private static func outcome(_ name: String) -> RouteAnswer {
        .ok("Whether it was done, and if not, why.", .object([.required(name, .boolean), .optional("reason", .text)]))
    }
}
