internal import PylonAPI
internal import PylonOpenAPI
internal import PylonOperations
internal import PylonPolicy
internal import PylonRecords
internal import PylonSchema
internal import PylonStorage
internal import PylonTelemetry
internal import PylonTime

/// The entities of an app: its manifest, its database, and what serves them. Opened by start-up, closed by shutdown.
final class DataPlane {
    let records: RecordStore
    let database: Database
    let file: DatabaseFile
    /// Held as long as the database is open.
    private var claim: FileClaim?

    /// Reads the manifest, opens the database and makes its tables fit. Nil when there is no manifest and none was named.
    ///
    /// Blocks. Throws when the manifest is invalid or lacks an action that the app's code runs, the file is damaged, or the tables cannot
    /// be made to fit without losing data.
    init?(
        _ configuration: Configuration, for server: ShardServer, clock: any Clock, log: Log
    ) throws(StartError) {
        guard let path = ManifestFile.path(named: configuration.text(.manifestPath)) else {
            guard server.actions.isEmpty, server.hooks.isEmpty else {
                throw StartError(description: "actions and hooks need a manifest (--app, PYLON_MANIFEST)")
            }
            return nil
        }
        let manifest = try Self.manifest(at: path, log)
        try Self.bind(server.actions.map(\.name), to: manifest, log)
        let policies = PolicySet(manifest, requirePolicies: configuration.isOn(.requirePolicies))
        Self.warn(of: policies, in: manifest, log)
        let outcome: SchemaPush.Outcome
        let database: Database
        file = DatabaseFile(configuration.text(.databasePath))
        do throws(StorageError) {
            AppDatabase.makeFolder(of: file.path)
            claim = try FileClaim(on: file.path)
            database = try Database(.file(file.path), settings: configuration.databaseSettings, clock: clock)
            if database.wasUnclean {
                log.warning("\(file.path): the last process died; the file was checked and is whole")
            }
            outcome = try AppDatabase.wait { () async throws(StorageError) in
                try await SchemaPush.run(manifest, on: database)
            }
        } catch {
            throw StartError(description: "the database \(file.path): \(error)")
        }
        switch outcome {
        case .unchanged: break
        case .applied(let plan):
            log.info("the database was made to fit the manifest:")
            for line in plan.text.split(separator: "\n") { log.info("  \(line)") }
        case .refused(let plan):
            database.close()
            throw StartError(description: Self.refusal(plan, server.program, manifest: path, database: file.path))
        }
        self.database = database
        records = RecordStore(
            manifest, policies: policies, hooks: server.hooks, database: database, clock: clock,
            limits: configuration.recordLimits,
            writesBoolsAsIntegers: configuration.isOn(.boolsAsIntegers))
    }

    /// Finishes the writes that were accepted. Blocks.
    func close() {
        database.close()
        claim = nil
    }

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
        let result = ManifestFile.read(path)
        guard let manifest = result.manifest else {
            let problems = result.diagnostics.map { "\n  \($0)" }.joined()
            throw StartError(description: "the manifest \(path) cannot be used:\(problems)")
        }
        for diagnostic in result.diagnostics { log.warning("the manifest: \(diagnostic.statement)") }
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
    private static func warn(of policies: PolicySet, in manifest: Manifest, _ log: Log) {
        for diagnostic in policies.diagnostics(in: manifest) { log.warning(diagnostic.statement) }
        let open = policies.requirePolicies ? [] : policies.openEntities.map(\.name) + policies.openActions
        guard !open.isEmpty else { return }
        log.warning(
            "OPEN TO ANYONE: \(open.joined(separator: ", ")); write policies, or set PYLON_REQUIRE_POLICIES=1 to refuse"
        )
    }

    private static func refusal(
        _ plan: SchemaPlan, _ program: String, manifest: String, database: String
    ) -> String {
        let target = "--app \(manifest) --db \(database)"
        return "the database \(database) cannot be made to fit the manifest by itself:\n\(plan.text)\n"
            + "see `\(program) schema plan \(target)`"
            + (plan.isBlocked ? "" : ", back up, then `\(program) schema push \(target) --allow-destructive`")
    }
}
