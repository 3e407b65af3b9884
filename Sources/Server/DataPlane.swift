internal import CSystem
internal import Glibc
internal import PylonOpenAPI
internal import PylonPolicy
internal import PylonRecords
internal import PylonSchema
internal import PylonStorage
internal import PylonTelemetry
internal import PylonThreading
internal import PylonTime

/// The entities of an app: its manifest, its database, and what serves them. Opened by start-up, closed by shutdown.
final class DataPlane {
    /// Where the manifest is looked for when nobody names one.
    static let manifestPathStandard = "pylon.manifest.json"
    /// 16 MiB: far beyond any manifest.
    static let manifestBytesMaximum = 16 << 20

    let records: RecordStore
    private let database: Database

    /// Reads the manifest, opens the database and makes its tables fit. Nil when there is no manifest and none was named.
    ///
    /// `actions` are the names of those that the app's code runs. Blocks. Throws when the manifest is invalid or lacks one of them, the
    /// file is damaged, or the tables cannot be made to fit without losing data.
    init?(
        _ configuration: Configuration, actions: [String], hooks: [RecordHook], clock: any Clock, log: Log
    ) throws(StartError) {
        let named = configuration.text(.manifestPath)
        let path = named.isEmpty ? Self.manifestPathStandard : named
        if named.isEmpty, access(path, F_OK) != 0 {
            guard actions.isEmpty, hooks.isEmpty else {
                throw StartError(description: "actions and hooks need a manifest (--app, PYLON_MANIFEST)")
            }
            return nil
        }
        let manifest = try Self.manifest(at: path, log)
        try Self.bind(actions, to: manifest, log)
        let policies = PolicySet(manifest, requirePolicies: configuration.isOn(.requirePolicies))
        Self.warn(of: policies, log)
        let outcome: SchemaPush.Outcome
        do throws(StorageError) {
            let file = configuration.text(.databasePath)
            Self.makeFolder(of: file)
            database = try Database(.file(file), clock: clock)
            if database.wasUnclean { log.warning("\(file): the last process died; the file was checked and is whole") }
            outcome = try Self.push(manifest, to: database)
        } catch {
            throw StartError(description: "the database: \(error)")
        }
        switch outcome {
        case .unchanged: break
        case .applied(let plan): log.info("the database was made to fit the manifest:\n\(plan.text)")
        case .refused(let plan):
            database.close()
            throw StartError(description: "the database cannot be made to fit the manifest by itself:\n\(plan.text)")
        }
        records = RecordStore(
            manifest, policies: policies, hooks: hooks, database: database, clock: clock,
            writesBoolsAsIntegers: configuration.isOn(.boolsAsIntegers))
    }

    /// Finishes the writes that were accepted. Blocks.
    func close() { database.close() }

    /// What the API's document says of the app.
    func documentedApp(
        writesBoolsAsIntegers: Bool, hasHooks: Bool, boundActions: Set<String>
    ) -> DocumentedApp {
        DocumentedApp(
            records.manifest, writesBoolsAsIntegers: writesBoolsAsIntegers, hasHooks: hasHooks,
            boundActions: boundActions,
            secret: records.policies.secretFields(of:), hidden: records.policies.hiddenFields(of:))
    }

    private static func manifest(at path: String, _ log: Log) throws(StartError) -> Manifest {
        guard let bytes = readFile(path) else {
            throw StartError(description: "cannot read the manifest \(path) (--app, PYLON_MANIFEST)")
        }
        let result = ManifestParser.parse(bytes: bytes.span) { text in
            do throws(PolicyParseError) {
                _ = try PolicyExpression(parsing: text)
                return nil
            } catch {
                return error.description
            }
        }
        guard let manifest = result.manifest else {
            let problems = result.diagnostics.map { "\n  \($0)" }.joined()
            throw StartError(description: "the manifest \(path) cannot be used:\(problems)")
        }
        for diagnostic in result.diagnostics { log.warning("the manifest: \(diagnostic)") }
        return manifest
    }

    /// What the app's code runs has to be declared; what is declared and not run is said.
    private static func bind(_ actions: [String], to manifest: Manifest, _ log: Log) throws(StartError) {
        let declared = manifest.actions.map(\.name)
        if let stray = actions.first(where: { !declared.contains($0) }) {
            throw StartError(description: "the manifest declares no action \(stray)")
        }
        for name in declared where !actions.contains(name) {
            log.warning("action \(name): no code is bound to it; calls are answered with \"executed\": false")
        }
    }

    /// Names everything that is open to anyone for want of a rule, and every rule that means nothing.
    private static func warn(of policies: PolicySet, _ log: Log) {
        for problem in policies.problems { log.warning("policy \(problem.policy): \(problem.message)") }
        guard !policies.requirePolicies else { return }
        for entity in policies.openEntities {
            let operations = entity.operations.map(\.rawValue).joined(separator: ", ")
            log.warning("no policy: anyone may \(operations) \(entity.name) (PYLON_REQUIRE_POLICIES=1 refuses it)")
        }
    }

    private static func push(_ manifest: Manifest, to database: Database) throws(StorageError) -> SchemaPush.Outcome {
        // Start-up is synchronous and on the main thread, which may wait.
        let done = BlockingQueue<Result<SchemaPush.Outcome, StorageError>>(capacity: 1)
        Task {
            do throws(StorageError) {
                _ = done.push(.success(try await SchemaPush.run(manifest, on: database)))
            } catch {
                _ = done.push(.failure(error))
            }
        }
        guard let result = done.popAll()?.first else { throw .closed }
        return try result.get()
    }

    private static func makeFolder(of file: String) {
        var path = ""
        for part in file.split(separator: "/", omittingEmptySubsequences: false).dropLast() {
            path += part + "/"
            // It may be there already; what else goes wrong shows when the file is opened.
            _ = mkdir(path, 0o755)
        }
    }

    private static func readFile(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { Glibc.close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= manifestBytesMaximum {
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return count == 0 ? bytes : nil }
            bytes += chunk[..<count]
        }
        return nil
    }
}
