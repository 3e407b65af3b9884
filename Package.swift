// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target of this package is compiled with.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// A library module: folder `Sources/<name>`, target `Pylon<name>`.
func module(_ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil) -> Target {
    .target(
        name: "Pylon\(name)", dependencies: dependencies, path: path ?? "Sources/\(name)", swiftSettings: strict)
}

/// The tests of one module: folder `Tests/<name>Tests`.
func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource] = []
) -> Target {
    .testTarget(
        name: "Pylon\(name)Tests", dependencies: dependencies, path: "Tests/\(name)Tests", exclude: exclude,
        resources: resources, swiftSettings: strict)
}

let package = Package(
    name: "pylon",
    products: [
        .library(name: "Pylon", targets: ["Pylon"]),
        .library(name: "PylonClient", targets: ["PylonClient"]),
        .executable(name: "pylon", targets: ["PylonCommand"]),
        .executable(name: "pylon-bench", targets: ["PylonBench"]),
    ],
    targets: [
        // Modules, lowest first: each depends on modules above it only (Tests/TidyTests/Dependencies.swift).
        .target(name: "CSystem", path: "Sources/CSystem", cSettings: [.define("_GNU_SOURCE")]),
        .systemLibrary(name: "CZlib", path: "Sources/CZlib"),
        .systemLibrary(name: "CSQLite", path: "Sources/CSQLite"),
        .systemLibrary(name: "CCrypto", path: "Sources/CCrypto"),
        module("Bytes"),
        module("Threading", ["CSystem"]),
        module("Crypto", ["CCrypto", "CSystem", "PylonBytes"]),
        module("Time", ["CSystem", "PylonThreading"]),
        module("JSON", ["PylonBytes"]),
        module("Telemetry", ["PylonBytes", "PylonThreading", "PylonTime"]),
        module("Schema", ["PylonBytes", "PylonJSON", "PylonThreading", "PylonTime"]),
        module("EventLoop", ["CSystem", "PylonThreading", "PylonTime"]),
        module("Net", ["CSystem", "PylonBytes", "PylonEventLoop", "PylonTelemetry", "PylonThreading", "PylonTime"]),
        module("HTTP", ["PylonBytes", "PylonTime"]),
        module("OpenAPI", ["PylonBytes", "PylonHTTP", "PylonJSON", "PylonSchema"]),
        module("WebSocket", ["CZlib", "PylonBytes"]),
        module("EventStream", ["PylonBytes"]),
        module("StreamProtocol", ["PylonBytes", "PylonJSON"]),
        module(
            "Fanout",
            [
                "PylonBytes", "PylonEventLoop", "PylonEventStream", "PylonJSON", "PylonNet", "PylonStreamProtocol",
                "PylonTelemetry", "PylonThreading", "PylonTime", "PylonWebSocket",
            ]),
        module("Simulation", ["PylonBytes", "PylonJSON", "PylonTime"]),
        module(
            "Replay",
            [
                "PylonBytes", "PylonJSON", "PylonSimulation", "PylonTelemetry", "PylonThreading", "PylonTime",
            ]),
        module("Replication", ["PylonBytes", "PylonJSON", "PylonSimulation", "PylonTime"]),
        module(
            "Client",
            [
                "PylonBytes", "PylonEventLoop", "PylonEventStream", "PylonHTTP", "PylonJSON", "PylonNet",
                "PylonReplication", "PylonStreamProtocol", "PylonThreading", "PylonTime", "PylonWebSocket",
            ]),
        module("Policy", ["PylonJSON", "PylonSchema"]),
        module(
            "ShardHost",
            [
                "CSystem", "PylonBytes", "PylonCrypto", "PylonEventLoop", "PylonEventStream", "PylonFanout",
                "PylonJSON",
                "PylonNet", "PylonReplay", "PylonReplication", "PylonSimulation", "PylonStreamProtocol",
                "PylonTelemetry",
                "PylonThreading", "PylonTime",
            ]),
        module(
            "Storage",
            [
                "CSQLite", "PylonBytes", "PylonJSON", "PylonSchema", "PylonTelemetry", "PylonThreading", "PylonTime",
            ]),
        module(
            "Records",
            [
                "PylonBytes", "PylonJSON", "PylonPolicy", "PylonSchema", "PylonStorage", "PylonTelemetry",
                "PylonThreading", "PylonTime",
            ]),
        module("Rooms", ["PylonBytes", "PylonJSON", "PylonTelemetry", "PylonThreading", "PylonTime"]),
        .target(
            name: "PylonWebClient", path: "Sources/WebClient", exclude: ["package.json"],
            resources: [.embedInCode("Resources")], swiftSettings: strict),
        module(
            "Matchmaking", ["PylonBytes", "PylonJSON", "PylonTelemetry", "PylonThreading", "PylonTime"]),
        module("Cache", ["PylonBytes", "PylonJSON", "PylonTelemetry", "PylonThreading", "PylonTime"]),
        module("Auth", ["PylonBytes", "PylonCrypto", "PylonStorage", "PylonThreading", "PylonTime"]),
        module(
            "Gateway",
            [
                "PylonAuth", "PylonBytes", "PylonCache", "PylonEventLoop", "PylonEventStream", "PylonFanout",
                "PylonHTTP",
                "PylonJSON", "PylonMatchmaking", "PylonNet", "PylonRecords", "PylonRooms", "PylonSchema",
                "PylonShardHost", "PylonSimulation", "PylonStorage", "PylonStreamProtocol",
                "PylonTelemetry", "PylonThreading", "PylonTime",
                "PylonWebSocket",
            ]),
        module(
            "API",
            [
                "PylonAuth", "PylonBytes", "PylonCache", "PylonEventLoop", "PylonFanout", "PylonGateway", "PylonHTTP",
                "PylonJSON", "PylonMatchmaking", "PylonNet", "PylonOpenAPI", "PylonPolicy", "PylonRecords",
                "PylonRooms", "PylonSchema", "PylonShardHost", "PylonSimulation", "PylonStorage", "PylonStreamProtocol",
                "PylonTelemetry", "PylonThreading", "PylonTime", "PylonWebSocket",
            ]),
        module(
            "Operations",
            [
                "PylonJSON", "PylonPolicy", "PylonRecords", "PylonReplay", "PylonSchema", "PylonShardHost",
                "PylonSimulation", "PylonStorage", "PylonThreading", "PylonTime",
            ]),
        module(
            "Server",
            [
                "CSystem", "PylonAPI", "PylonAuth", "PylonBytes", "PylonCache", "PylonCrypto", "PylonEventLoop",
                "PylonFanout",
                "PylonGateway", "PylonHTTP", "PylonJSON", "PylonMatchmaking", "PylonNet", "PylonOpenAPI",
                "PylonOperations", "PylonPolicy",
                "PylonRecords", "PylonReplay", "PylonRooms", "PylonSchema", "PylonShardHost", "PylonStorage",
                "PylonTelemetry", "PylonThreading", "PylonTime", "PylonWebClient",
                "PylonWebSocket",
            ]),
        module(
            "",
            [
                "PylonAPI", "PylonBytes", "PylonJSON", "PylonMatchmaking", "PylonRecords", "PylonReplay",
                "PylonReplication", "PylonServer", "PylonShardHost", "PylonSimulation", "PylonTime",
            ],
            path: "Sources/Pylon"),
        .executableTarget(
            name: "PylonCommand",
            dependencies: [
                "PylonJSON", "PylonMatchmaking", "PylonReplication", "PylonServer", "PylonShardHost",
                "PylonSimulation", "PylonTime",
            ],
            path: "Sources/Command", swiftSettings: strict, linkerSettings: [.linkedLibrary("jemalloc")]),

        // Benchmarks. Their clients share no code with the server, so that they share none of its mistakes.
        .target(name: "CFloor", path: "Benchmarks/CFloor", cSettings: [.define("_GNU_SOURCE")]),
        .target(
            name: "CSQLiteFloor", path: "Benchmarks/CSQLiteFloor", cSettings: [.define("_GNU_SOURCE")],
            linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(name: "CBenchSystem", path: "Benchmarks/CBenchSystem", cSettings: [.define("_GNU_SOURCE")]),
        .target(
            name: "PylonBenchKit", dependencies: ["PylonBytes", "PylonJSON"], path: "Benchmarks/BenchKit",
            swiftSettings: strict),
        .target(
            name: "PylonReplicaTrial",
            dependencies: ["PylonBytes", "PylonJSON", "PylonReplication", "PylonSimulation", "PylonTime"],
            path: "Benchmarks/ReplicaTrial", swiftSettings: strict),
        .executableTarget(
            name: "PylonBench",
            dependencies: [
                "CAllocationCounter", "CBenchSystem", "CFloor", "CSQLiteFloor", "CSystem", "PylonBenchKit",
                "PylonBytes", "PylonClient", "PylonJSON", "PylonMatchmaking", "PylonReplicaTrial", "PylonReplication",
                "PylonShardHost", "PylonSimulation", "PylonStreamProtocol", "PylonTelemetry", "PylonThreading",
                "PylonTime", "PylonWebSocket",
            ],
            path: "Benchmarks/PylonBench", swiftSettings: strict),

        // Counts allocations wherever it is linked: for tests and benchmarks, never for a product.
        .target(name: "CAllocationCounter", path: "Sources/CAllocationCounter", cSettings: [.define("_GNU_SOURCE")]),
        // Clients, clocks and a harness for the tests below.
        .target(
            name: "PylonTestSupport",
            dependencies: [
                "CSystem", "PylonBytes", "PylonEventLoop", "PylonEventStream", "PylonFanout", "PylonJSON", "PylonNet",
                "PylonThreading", "PylonTime", "PylonWebSocket",
            ],
            path: "Tests/Support", swiftSettings: strict),
        tests("Tidy", []),
        tests("Bytes", ["PylonBytes"]),
        tests("Crypto", ["PylonBytes", "PylonCrypto"]),
        tests("Threading", ["PylonTestSupport", "PylonThreading"]),
        tests("Time", ["PylonTestSupport", "PylonTime"]),
        // Vectors are read from the source tree: a resource bundle would bring Foundation in.
        tests("JSON", ["PylonBytes", "PylonJSON"], exclude: ["Vectors"]),
        tests("Schema", ["PylonBytes", "PylonJSON", "PylonSchema", "PylonTime"]),
        tests("Telemetry", ["PylonBytes", "PylonTelemetry", "PylonThreading", "PylonTime"]),
        tests("EventLoop", ["CSystem", "PylonEventLoop", "PylonTestSupport", "PylonThreading", "PylonTime"]),
        tests(
            "Net",
            [
                "CSystem", "PylonBytes", "PylonEventLoop", "PylonNet", "PylonTelemetry", "PylonTestSupport",
                "PylonThreading", "PylonTime",
            ]),
        tests(
            "Fanout",
            [
                "PylonBytes", "PylonEventLoop", "PylonEventStream", "PylonFanout", "PylonJSON", "PylonNet",
                "PylonStreamProtocol", "PylonTelemetry", "PylonTestSupport", "PylonTime", "PylonWebSocket",
            ]),
        tests("HTTP", ["PylonBytes", "PylonHTTP"]),
        tests(
            "OpenAPI",
            ["PylonHTTP", "PylonJSON", "PylonOpenAPI", "PylonSchema", "PylonTestSupport", "PylonTime"]),
        tests("WebSocket", ["PylonBytes", "PylonTime", "PylonWebSocket"]),
        tests("EventStream", ["PylonBytes", "PylonEventStream"]),
        tests(
            "StreamProtocol",
            ["PylonBytes", "PylonJSON", "PylonStreamProtocol", "PylonTestSupport", "PylonTime"]),
        tests(
            "Client",
            [
                "PylonBytes", "PylonClient", "PylonEventLoop", "PylonJSON", "PylonNet", "PylonReplication",
                "PylonTestSupport", "PylonTime", "PylonWebSocket",
            ]),
        tests("Simulation", ["PylonBytes", "PylonJSON", "PylonSimulation", "PylonTestSupport", "PylonTime"]),
        tests(
            "Replay",
            [
                "PylonBytes", "PylonJSON", "PylonReplay", "PylonSimulation", "PylonTelemetry", "PylonTestSupport",
                "PylonThreading", "PylonTime",
            ]
        ),
        tests(
            "Replication",
            [
                "PylonBytes", "PylonJSON", "PylonReplicaTrial", "PylonReplication", "PylonSimulation",
                "PylonTestSupport", "PylonTime",
            ]),
        tests("Policy", ["PylonJSON", "PylonPolicy", "PylonSchema", "PylonTestSupport", "PylonTime"]),
        tests(
            "ShardHost",
            [
                "PylonBytes", "PylonEventLoop", "PylonFanout", "PylonJSON", "PylonNet", "PylonReplay",
                "PylonReplication", "PylonShardHost", "PylonSimulation", "PylonStreamProtocol", "PylonTelemetry",
                "PylonTestSupport", "PylonThreading",
                "PylonTime",
            ]),
        tests(
            "Storage",
            [
                "PylonBytes", "PylonJSON", "PylonSchema", "PylonStorage", "PylonTelemetry", "PylonTestSupport",
                "PylonThreading",
                "PylonTime",
            ]),
        tests(
            "Records",
            [
                "PylonBytes", "PylonJSON", "PylonPolicy", "PylonRecords", "PylonSchema", "PylonStorage",
                "PylonTelemetry", "PylonTime",
            ]),
        tests("Auth", ["PylonAuth", "PylonStorage", "PylonTestSupport", "PylonTime"]),
        tests("Rooms", ["PylonBytes", "PylonJSON", "PylonRooms", "PylonTelemetry", "PylonThreading", "PylonTime"]),
        tests(
            "Matchmaking",
            [
                "PylonBytes", "PylonJSON", "PylonMatchmaking", "PylonTelemetry", "PylonTestSupport", "PylonThreading",
                "PylonTime",
            ]),
        tests("Cache", ["PylonBytes", "PylonCache", "PylonJSON", "PylonTelemetry", "PylonTime"]),
        tests(
            "Operations",
            [
                "PylonJSON", "PylonOperations", "PylonSchema", "PylonStorage", "PylonTestSupport", "PylonThreading",
                "PylonTime",
            ]),
        tests(
            "Server",
            [
                "PylonBytes", "PylonJSON", "PylonMatchmaking", "PylonNet", "PylonOperations", "PylonServer",
                "PylonShardHost", "PylonSimulation", "PylonStorage", "PylonTelemetry", "PylonTestSupport",
                "PylonThreading",
            ]),
        tests(
            "Allocation",
            [
                "CAllocationCounter", "PylonBytes", "PylonEventLoop", "PylonFanout", "PylonJSON", "PylonNet",
                "PylonReplicaTrial", "PylonTelemetry", "PylonTestSupport", "PylonThreading", "PylonTime",
            ]),
        tests("BenchKit", ["PylonBenchKit", "PylonBytes"]),
        tests(
            "Gateway",
            [
                "PylonAPI", "PylonAuth", "PylonBytes", "PylonEventLoop", "PylonGateway", "PylonHTTP", "PylonJSON",
                "PylonMatchmaking", "PylonNet", "PylonShardHost", "PylonSimulation", "PylonTelemetry",
                "PylonTestSupport",
                "PylonThreading", "PylonTime", "PylonWebSocket",
            ]),
        tests(
            "EndToEnd",
            [
                "PylonClient", "PylonCrypto", "PylonEventStream", "PylonJSON", "PylonReplication", "PylonTestSupport",
                "PylonThreading", "PylonTime",
                "PylonWebSocket",
            ]),
    ]
)
