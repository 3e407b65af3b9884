internal import PylonOperations

/// One line of the configuration table: environment, flags, `--help` and `docs/operations.md` are derived from it.
struct Setting: Sendable {
    let key: SettingKey
    /// Its flag and variable, and the values it takes.
    let option: CommandOption

    init(_ key: SettingKey, _ option: CommandOption) {
        self.key = key
        self.option = option
    }

    init(
        _ key: SettingKey, variable: String?, flag: String? = nil, _ kind: CommandOption.Kind, standard: String = "",
        unit: String = "", effect: String
    ) {
        let option = CommandOption(flag, variable: variable, kind, standard: standard, unit: unit, effect: effect)
        self.init(key, option)
    }
}

/// What can be configured.
enum SettingKey: String, Sendable, CaseIterable {
    case port, host, unixSocket, manifestPath, databasePath, requirePolicies, boolsAsIntegers, adminToken,
        developmentMode, corsOrigin, sessionsInMemory, loops, tickWorkers,
        shardsMaximum, matchPlayersMaximum, matchPlayersPerAddress
    case connectionsPerAddress, heldSeatsPerAddress, proxyHops, webSocketFrameBytes, shardMessageBytes
    case webSocketDeflate
    case pingSeconds, drainSeconds, logLevel
    case logFormat, testEndpoints
    case recordingFolder, recordingMinutes, recordingShardBytes, recordingBytes
    case responseBytes, pageRowsMaximum, pageRowsStandard, operationsMaximum, importBytes
    case includeDepth, graphNodes, graphRows, aggregateGroups, pullChanges, pullScan, searchTextBytes
    case filterDepth, filterConditions, filterOperands, filterInValues, filterOrders, filterLikeBytes
    case databaseReaders, readMilliseconds, readQueue, writeQueue, writeQueueBytes, busyMilliseconds, tombstones
}

extension Setting {
    /// The table. Names and defaults are the reference's where it has the setting (spec/services.md 4.3).
    static let table: [Setting] = server + recording + data

    /// By their keys.
    static let options = Dictionary(uniqueKeysWithValues: table.map { ($0.key, $0.option) })

    private static let server: [Setting] = [
        Setting(
            .port, variable: "PYLON_PORT", flag: "--port", .integer(0...65_532), standard: "4321",
            effect:
                "main port P: HTTP and event streams; P+1 sync WebSocket, P+2 sync events, P+3 shard WebSocket; 0 takes free ones"
        ),
        Setting(
            .host, variable: "PYLON_HOST", flag: "--host", .text, standard: "0.0.0.0",
            effect: "address to listen on: IPv4, IPv6 or localhost"),
        Setting(
            .unixSocket, variable: "PYLON_UNIX_SOCKET", flag: "--unix-socket", .text,
            effect: "path of a Unix socket that serves everything to zone servers and proxies on the same host"),
        Setting(.manifestPath, .manifest),
        Setting(.databasePath, .database),
        Setting(.requirePolicies, .requirePolicies),
        Setting(
            .boolsAsIntegers, variable: "PYLON_BOOL_AS_INT", .boolean, standard: "0",
            effect: "writes booleans of rows as 0 and 1, for clients of the reference that expect it"),
        Setting(
            .adminToken, variable: "PYLON_ADMIN_TOKEN", .text,
            effect: "bearer token that grants admin, on HTTP and WebSocket; empty means nobody is admin"),
        Setting(
            .developmentMode, variable: "PYLON_DEV_MODE", flag: "--dev", .boolean, standard: "0",
            effect: "opens /metrics to everyone, allows any origin, and lets anyone start a session as anybody"),
        Setting(
            .corsOrigin, variable: "PYLON_CORS_ORIGIN", .text,
            effect: "the one origin whose pages may call the API; without it only the server's own pages may"),
        Setting(
            .sessionsInMemory, variable: "PYLON_SESSION_IN_MEMORY", .boolean, standard: "0",
            effect: "sessions end with the process, though there is a database; those that are stored end, too"),
        Setting(
            .loops, variable: "PYLON_LOOPS", .integer(0...256), standard: "0", unit: "threads",
            effect: "event loops; 0 is one per processor"),
        Setting(
            .tickWorkers, variable: "PYLON_TICK_WORKERS", .integer(0...256), standard: "0", unit: "threads",
            effect: "threads that run shards; 0 is one per processor"),
        Setting(
            .shardsMaximum, variable: "PYLON_MAX_SHARDS", .integer(1...1_000_000), standard: "10000", unit: "shards",
            effect: "shards at a time"),
        Setting(
            .matchPlayersMaximum, variable: "PYLON_MAX_QUEUED_PLAYERS", .integer(1...1_000_000), standard: "100000",
            unit: "players", effect: "players who wait for a match at a time, over all queues"),
        Setting(
            .matchPlayersPerAddress, variable: "PYLON_MAX_QUEUED_PER_IP", .integer(0...1_000_000), standard: "100",
            unit: "players", effect: "players among them per client address; 0 is unlimited"),
        Setting(
            .connectionsPerAddress, variable: "PYLON_MAX_CONNS_PER_IP", .integer(0...1_000_000), standard: "64",
            unit: "streams", effect: "streams per client address and service; 0 is unlimited"),
        Setting(
            .heldSeatsPerAddress, variable: "PYLON_MAX_SEATS_PER_IP", .integer(0...1_000_000), standard: "64",
            unit: "seats", effect: "seats held for reconnects per client address; 0 is unlimited"),
        Setting(
            .proxyHops, variable: "PYLON_TRUST_PROXY_HOPS", .integer(0...32), standard: "0", unit: "proxies",
            effect:
                "trusted proxies in front; the client address is that many entries from the right of X-Forwarded-For"),
        Setting(
            .webSocketFrameBytes, variable: "PYLON_WS_MAX_FRAME", .integer(125...1_073_741_824), standard: "16777216",
            unit: "bytes", effect: "largest WebSocket frame and message accepted"),
        Setting(
            .shardMessageBytes, variable: "PYLON_SHARD_MAX_MESSAGE", .integer(125...67_108_864), standard: "1048576",
            unit: "bytes", effect: "largest input accepted, over WebSocket or HTTP"),
        Setting(
            .webSocketDeflate, variable: "PYLON_WS_DEFLATE", .boolean, standard: "1",
            effect: "compresses for WebSocket clients that offer permessage-deflate; 0 turns it off"),
        Setting(
            .pingSeconds, variable: "PYLON_WS_PING_SECS", .integer(1...3600), standard: "25", unit: "seconds",
            effect: "silence after which a WebSocket is pinged; after as much again it is closed"),
        Setting(
            .drainSeconds, variable: "PYLON_DRAIN_SECS", .integer(0...3600), standard: "10", unit: "seconds",
            effect: "how long shutdown waits for clients to go"),
        Setting(
            .logLevel, variable: "PYLON_LOG", flag: "--log", .choice(["debug", "info", "warn", "error"]),
            standard: "info", effect: "least important lines that are logged; RUST_LOG is read too"),
        Setting(
            .logFormat, variable: "PYLON_LOG_FORMAT", .choice(["text", "json"]), standard: "text",
            effect: "form of log lines"),
        Setting(
            .testEndpoints, variable: nil, flag: "--test-endpoints", .boolean, standard: "0",
            effect: "echo for protocol conformance suites at /__test__/echo; only on a loopback host"),
    ]
}
