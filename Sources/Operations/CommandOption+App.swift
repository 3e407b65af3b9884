extension CommandOption {
    /// The manifest of the app, for the server and for every command that needs it.
    package static let manifest = CommandOption(
        "--app", variable: "PYLON_MANIFEST", .text,
        effect: "the app's manifest; pylon.manifest.json where there is one; without it there are no entities")

    /// The database of the app, for the server and for every command that needs it.
    package static let database = CommandOption(
        "--db", variable: "PYLON_DB_PATH", .text, standard: ".pylon/dev.db",
        effect: "SQLite file of the entities, made with its folder when it is missing")

    /// What becomes of operations that no policy speaks of, in the server and in what commands say of it.
    package static let requirePolicies = CommandOption(
        nil, variable: "PYLON_REQUIRE_POLICIES", .boolean, standard: "0",
        effect: "refuses what no policy speaks of, instead of allowing it to everyone with a warning at start")

    /// For programs that read what a command prints.
    static let json = CommandOption("--json", .boolean, effect: "prints JSON")
}
