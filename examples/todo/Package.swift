// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "todo",
    products: [.executable(name: "todo", targets: ["Todo"])],
    dependencies: [.package(name: "pylon", path: "../..")],
    targets: [
        .executableTarget(
            name: "Todo", dependencies: [.product(name: "Pylon", package: "pylon")],
            linkerSettings: [.linkedLibrary("jemalloc")]),
        .testTarget(name: "TodoTests", dependencies: ["Todo"]),
    ]
)
