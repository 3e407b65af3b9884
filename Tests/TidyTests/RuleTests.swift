internal import Testing

/// Shows each rule a breach and the closest thing that is none: a rule that never fires proves nothing.
@Suite struct RuleTests {
    @Test func commentsAndStringsAreNotCode() {
        let text = SourceText(
            #"""
            let a = "try! \(name("}")) {" // {
            /* { /* nested */ { */ let b = #"\("# + """
                { " {
                """
            """#)
        let code = String(decoding: text.code, as: UTF8.self)
        #expect(!code.contains("{"))
        #expect(!code.contains("try!"))
        #expect(code.contains("let b = #"))
        #expect(text.code.count == text.bytes.count)
    }

    @Test func functionsAreFoundWithTheirLines() throws {
        let text = SourceText(
            """
            protocol Shape { func area() -> Int; init(side: Int) }
            struct Square: Shape {
                class func make(_ body: () -> Void = { if true {} }) -> Self {
                    .init(side: 1)
                }
                init(side: Int) {
                }
                static func < (left: Self, right: Self) -> Bool { true }
            }
            """)
        let declarations = text.declarations
        let functions = declarations.filter { $0.kind == .function }
        #expect(functions.map(\.name) == ["make", "init", "<"])
        #expect(functions.map(\.firstLine) == [3, 6, 8])
        #expect(functions.map(\.lineCount) == [3, 2, 1])
        let square = try #require(declarations.first { $0.name == "Square" })
        #expect(square.kind == .type)
        #expect(square.header == [":", "Shape"])
        #expect(square.lineCount == 8)
    }

    @Test func longFunctionsAndFilesAreFound() {
        let body = String(repeating: "    call()\n", count: 69)
        let long = SourceText("func long() {\n\(body)}\n")
        let fits = SourceText("func fits() {\n\(body.dropLast(11))}\n")
        #expect(Shape.longFunctionViolations(in: long).map(\.line) == [1])
        #expect(Shape.longFunctionViolations(in: long, allowed: ["Sample:long": "a table"]).isEmpty)
        #expect(Shape.longFunctionViolations(in: fits).isEmpty)
        #expect(Shape.longFileViolations(in: SourceText(String(repeating: "\n", count: 501))).count == 1)
        #expect(Shape.longFileViolations(in: SourceText(String(repeating: "\n", count: 500))).isEmpty)
    }

    @Test(arguments: [
        ("struct ShardManager {}", 1), ("enum StringUtils {}", 1), ("protocol Manager {}", 1), ("struct Net {}", 1),
        ("struct Managed {}", 0), ("struct Database {}", 0), ("extension Manager {}", 0), ("let baseImpl = 1", 0),
    ])
    func emptyNamesAreFound(code: String, count: Int) {
        #expect(Shape.nameViolations(in: SourceText(code), module: "Net").count == count)
    }

    @Test(arguments: [
        ("let a = try! f()", 1), ("do {} catch {}", 1), ("sleep(1)", 1), ("await Task.sleep(for: x)", 1),
        ("usleep(10)", 1), ("nanosleep(&a, nil)", 1), ("do {} catch {} // Closing twice is harmless.", 0),
        ("// try! sleep(1)", 0), ("let a = \"try!\"", 0), ("goToSleep(1)", 0), ("loop.asleep(1)", 0),
    ])
    func forbiddenCallsAreFound(code: String, count: Int) {
        #expect(Wording.forbiddenCalls(in: SourceText(code)).count == count)
    }

    @Test func unfinishedMarksAreFound() {
        #expect(Wording.unfinishedMarks(in: SourceText("// TO" + "DO: later")).count == 1)
        #expect(Wording.unfinishedMarks(in: SourceText("fatalError(\"FIX" + "ME\")")).count == 1)
    }

    @Test(arguments: [
        ("final class A: @unchecked Sendable {}", 1), ("nonisolated(unsafe) var a = 1", 1),
        ("// Safety: one thread.\nnonisolated(unsafe) var a = 1", 0),
        ("final class A: @unchecked Sendable {\n\n    // Safety: a lock.\n}", 0),
        ("// Safety: too far.\n\n\n\nnonisolated(unsafe) var a = 1", 1),
    ])
    func unexplainedEscapesAreFound(code: String, count: Int) {
        #expect(Wording.unexplainedEscapes(in: SourceText(code)).count == count)
    }

    @Test func missingDocCommentsAreFound() {
        let text = SourceText(
            """
            public protocol Shape {
                /// Documented.
                func area() -> Int
                var sides: Int { get }
            }
            /// Documented.
            public struct Square: Shape {
                public func area() -> Int { 1 }
                @inlinable
                public static func make() -> Self { .init() }
                public init() {}
                public private(set) var size = 1
                package var description: String { "" }
                /// Documented.
                @inlinable
                public var edge: Int {
                    let local = 1
                    return local
                }
                var hidden = 1
                public override func run() {}
                package final func finish() {}
                /// Documented, for its overload as well.
                package func start(_ count: Int) {}
                package func start(_ name: String) {}
            }
            package import PylonBytes
            extension Square { package static func + (left: Self, right: Self) -> Self { left } }
            """)
        let requirements = DocComments.requirements(in: [text])
        #expect(requirements == ["Shape": ["area", "sides"]])
        let found = DocComments.violations(in: text, requirements: requirements)
        #expect(found.map(\.line) == [1, 4, 10, 22])
        #expect(found.map(\.message).last == "finish has no doc comment")
    }

    @Test func routesWithoutADescriptionAreFound() {
        let code = """
            Route(.get, "/a, nil, access:", .list, access: .anyone, handler: list),
            Route(.get, "/b", nil, access: .anyone, handler: list),
            """
        #expect(Wording.undescribedRoutes(in: SourceText(path: "Sources/API/A.swift", code)).map(\.line) == [2])
        #expect(Wording.undescribedRoutes(in: SourceText(path: "Sources/API/PageRoutes.swift", code)).isEmpty)
    }

    private static let manifest = Manifest(
        SourceText(
            """
            let package = Package(
                products: [.library(name: "Pylon", targets: ["Pylon"])],
                targets: [
                    .target(name: "CSystem", path: "Sources/CSystem"), // the lowest
                    module("Bytes"),
                    module("Net", ["CSystem", "PylonHTTP"]),
                    module(
                        "HTTP",
                        ["PylonBytes", "PylonNet"]),
                    module("Simulation", ["PylonNet"]),
                    module("Mystery"),
                    .executableTarget(name: "pylon", dependencies: ["PylonHTTP"], path: "Sources/Command"),
                    tests("Net", ["PylonNet"], resources: [.copy("Vectors")]),
                ]
            )
            package.targets += [.target(name: "PylonBench", path: "Benchmarks/PylonBench")]
            """))

    @Test func manifestIsRead() {
        let targets = Self.manifest.targets
        #expect(
            targets.map(\.name) == [
                "CSystem", "PylonBytes", "PylonNet", "PylonHTTP", "PylonSimulation", "PylonMystery", "pylon",
                "PylonNetTests", "PylonBench",
            ])
        #expect(targets.map(\.path).suffix(3) == ["Sources/Command", "Tests/NetTests", "Benchmarks/PylonBench"])
        #expect(targets[3].dependencies == ["PylonBytes", "PylonNet"])
        #expect(targets[3].line == 8)
        #expect(targets[7].dependencies == ["PylonNet"])
    }

    @Test func wrongDirectionsAreFound() {
        let found = Dependencies.orderViolations(in: Self.manifest).map(\.message)
        #expect(found.count == 3)
        #expect(found[0] == "Net may not depend on HTTP: layers run one way")
        #expect(found[1].hasPrefix("Simulation may depend on"))
        #expect(found[2].hasPrefix("Mystery has no layer"))
    }

    @Test func undeclaredUnusedAndForbiddenImportsAreFound() {
        let text = SourceText(
            path: "Sources/Net/Socket.swift",
            """
            internal import CSystem
            package import PylonBytes
            @testable import struct PylonNet.Socket
            import Glibc
            internal import FoundationEssentials
            // import PylonSimulation
            """)
        #expect(Dependencies.undeclaredImports(in: [text], Self.manifest).map(\.line) == [2])
        #expect(Dependencies.foundationImports(in: [text]).map(\.line) == [5])
        let unused = Dependencies.unusedDependencies(in: [text], Self.manifest).map(\.message)
        #expect(unused.contains("PylonNet declares PylonHTTP and never imports it"))
        #expect(!unused.contains("PylonNet declares CSystem and never imports it"))
    }
}
