internal import Glibc
internal import PylonJSON
internal import PylonStorage
internal import PylonTime

extension Command {
    /// `backup`.
    static let backup = Command(
        "backup", Operand("file", isRequired: true), options: [.database, .force],
        effect: "copies the database into one file and checks the copy, also beside a running server",
        notes: """
            The copy is one state of the database: what was committed when the copying began. Nobody waits for it. It appears under
            its name when it is complete, checked and on the disk.
            """,
        run: Backup.run)
}

extension CommandOption {
    fileprivate static let force = CommandOption("--force", .boolean, effect: "replaces a file of that name")
}

/// Copies the database.
enum Backup {
    static func run(_ call: Command.Call) throws(CommandFailure) -> CommandReport {
        let source = call.databaseFile
        let path = call.arguments.operands[0]
        guard source.exists else { throw .databaseNotFound(source.path) }
        let copy = DatabaseFile(path)
        if copy.exists, !call.arguments.isOn(.force) {
            throw CommandFailure(
                "FILE_EXISTS", "there is a file \(path) already", hint: "name another, or replace it with --force")
        }
        let start = call.clock.now()
        do throws(StorageError) {
            try source.backUp(to: path)
        } catch {
            throw CommandFailure(error, at: source.path)
        }
        let seconds = (call.clock.now() - start).inSeconds
        let milliseconds = Int((seconds * 1000).rounded())
        return CommandReport(
            "\(path): \(copy.byteCount) bytes in \(milliseconds) ms, checked and whole",
            json: [
                "file": .string(path), "bytes": .integer(Int64(copy.byteCount)),
                "milliseconds": .integer(Int64(milliseconds)),
            ])
    }
}
