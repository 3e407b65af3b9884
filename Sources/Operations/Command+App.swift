internal import PylonSchema
internal import PylonStorage

extension Command.Call {
    /// The operand or, without one, the manifest that a server would take.
    var manifestPath: String {
        let named = arguments.operands.first ?? arguments.text(.manifest)
        return named.isEmpty ? ManifestFile.standardPath : named
    }

    /// The manifest. Throws what is wrong with it.
    func manifest() throws(CommandFailure) -> Manifest {
        let path = manifestPath
        let result = ManifestFile.read(path)
        if let manifest = result.manifest { return manifest }
        throw CommandFailure(
            "MANIFEST_INVALID", "the manifest \(path) cannot be used", hint: "see `schema check`",
            causes: result.diagnostics.filter { $0.severity == .error }.map {
                CommandFailure.Cause(code: $0.code.rawValue, message: $0.description)
            })
    }

    /// The database's file.
    var databaseFile: DatabaseFile { databaseFile(patience: Self.settings.busyTimeout) }

    /// The database's file, for a command that waits as long for whoever holds it.
    func databaseFile(patience: Duration) -> DatabaseFile {
        var settings = Self.settings
        settings.busyTimeout = patience
        return DatabaseFile(arguments.text(.database), settings: settings, clock: clock)
    }

    /// What `body` reads from the database; nil when there is none.
    func read<T>(_ body: (inout ReadTransaction) throws(StorageError) -> T) throws(CommandFailure) -> T? {
        let file = databaseFile
        guard file.exists else { return nil }
        do throws(StorageError) {
            return try file.read(body)
        } catch {
            throw CommandFailure(error, at: file.path)
        }
    }

    /// Runs `body` on the database, made if it is missing, beside a server or alone.
    func withDatabase<T: Sendable>(
        _ body: @escaping @Sendable (Database) async throws(StorageError) -> T
    ) throws(CommandFailure) -> T {
        let path = arguments.text(.database)
        do throws(StorageError) {
            AppDatabase.makeFolder(of: path)
            let database = try Database(.file(path), settings: Self.settings, clock: clock)
            defer { database.close() }
            return try AppDatabase.wait { () async throws(StorageError) in try await body(database) }
        } catch {
            throw CommandFailure(error, at: path)
        }
    }

    /// A tool's: one reader, the server's mark left alone, and more patience with a server that writes without a pause.
    private static var settings: DatabaseSettings {
        var settings = DatabaseSettings()
        settings.readers = 1
        settings.marksShutdown = false
        settings.busyTimeout = .seconds(30)
        return settings
    }
}
