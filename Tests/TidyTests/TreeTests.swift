internal import Testing

/// Checks the files of this repository against the style guide.
@Suite struct TreeTests {
    private static let sources = Repository.texts.filter { $0.path.hasPrefix("Sources/") }
    private static let tests = Repository.texts.filter { $0.path.hasPrefix("Tests/") }
    private static let ours = Repository.texts.filter { !$0.path.hasPrefix("examples/") }

    @Test func repositoryIsFound() {
        #expect(Self.sources.count > 5)
        #expect(Repository.manifest.targets.contains { $0.name == "PylonTidyTests" })
    }

    @Test func dependenciesRunOneWay() {
        expectNone(Dependencies.orderViolations(in: Repository.manifest))
    }

    @Test func importsAreDeclared() {
        expectNone(Dependencies.undeclaredImports(in: Self.ours, Repository.manifest))
    }

    @Test func declaredDependenciesAreImported() {
        expectNone(Dependencies.unusedDependencies(in: Self.ours, Repository.manifest))
    }

    @Test func foundationStaysOut() {
        expectNone(Dependencies.foundationImports(in: Repository.texts))
    }

    @Test func functionsAreShort() {
        expectNone(Repository.texts.flatMap { Shape.longFunctionViolations(in: $0) })
    }

    @Test func filesAreShort() {
        expectNone(Repository.texts.flatMap { Shape.longFileViolations(in: $0) })
    }

    @Test func allowancesAreNeeded() {
        #expect(Shape.staleAllowances(in: Repository.texts) == [])
    }

    @Test func namesNameConcepts() {
        expectNone(
            Repository.texts.flatMap {
                Shape.nameViolations(in: $0, module: Repository.manifest.target(holding: $0.path)?.name)
            })
    }

    @Test func nothingCrashesOrWaitsByTheClock() {
        expectNone((Self.sources + Self.tests).flatMap(Wording.forbiddenCalls))
    }

    @Test func nothingIsMarkedUnfinished() {
        expectNone(Repository.texts.flatMap(Wording.unfinishedMarks))
    }

    @Test func escapesFromCheckingAreExplained() {
        expectNone(Repository.texts.flatMap(Wording.unexplainedEscapes))
    }

    @Test func routesAreDescribed() {
        expectNone(Self.sources.flatMap(Wording.undescribedRoutes))
    }

    @Test func visibleDeclarationsAreDocumented() {
        let requirements = DocComments.requirements(in: Self.sources)
        expectNone(Self.sources.flatMap { DocComments.violations(in: $0, requirements: requirements) })
    }

    /// One issue that lists every violation on a line of its own.
    private func expectNone(_ found: [Violation], sourceLocation: SourceLocation = #_sourceLocation) {
        if found.isEmpty { return }
        let lines = found.map { "\n\($0)" }.joined()
        Issue.record("\(found.count) breaches of the style guide:\(lines)", sourceLocation: sourceLocation)
    }
}
