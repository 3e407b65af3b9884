// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

let pylon = Target.Dependency.product(name: "Pylon", package: "pylon")

let package = Package(
    name: "arena",
    products: [.executable(name: "arena", targets: ["arena"])],
    dependencies: [.package(name: "pylon", path: "../..")],
    targets: [
        // The game: plain value types, no sockets, no clock.
        .target(name: "ArenaSimulation", dependencies: [pylon], swiftSettings: strict),
        // The page, compiled into the binary; a target of its own, so that it is rebuilt only when it changes.
        .target(name: "ArenaPage", resources: [.embedInCode("Resources")], swiftSettings: strict),
        // Players without a browser: guests over real WebSockets.
        .target(name: "ArenaSwarm", dependencies: [pylon], swiftSettings: strict),
        // A bad link to a server on the same machine.
        .target(name: "ArenaProxy", dependencies: [pylon], swiftSettings: strict),
        .executableTarget(
            name: "arena", dependencies: ["ArenaSimulation", "ArenaPage", "ArenaSwarm", "ArenaProxy", pylon],
            path: "Sources/Arena",
            swiftSettings: strict, linkerSettings: [.linkedLibrary("jemalloc")]),
        .testTarget(name: "ArenaSimulationTests", dependencies: ["ArenaSimulation", pylon], swiftSettings: strict),
        .testTarget(
            name: "ArenaEndToEndTests", dependencies: ["arena", "ArenaSwarm", pylon], swiftSettings: strict),
    ]
)
