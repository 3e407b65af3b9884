internal import Glibc
internal import PylonJSON
internal import PylonStorage

extension Command {
    /// `restore`.
    static let restore = Command(
        "restore", Operand("file", isRequired: true), options: [.database, .confirmed, .endingSessions],
        effect: "replaces everything in the database by a backup; no server may have it open",
        notes: """
            The backup is checked first. Then all of the database changes in one transaction, or nothing does. What was written since
            the backup is lost: back up first what may still be wanted. Sessions that have ended since are there again, unless all end.
            """,
        run: Restore.run)
}

extension CommandOption {
    fileprivate static let confirmed = CommandOption("-y", .boolean, effect: "yes, replace the rows that are there now")
    fileprivate static let endingSessions = CommandOption(
        "--end-sessions", .boolean, effect: "everybody has to sign in again")
}

/// Puts a backup in the database's place.
enum Restore {
    static func run(_ call: Command.Call) throws(CommandFailure) -> CommandReport {
        let path = call.arguments.operands[0]
        let source = DatabaseFile(path)
        guard source.exists else { throw .databaseNotFound(path) }
        // Another command is done in a moment; a server is not.
        let target = call.databaseFile(patience: .seconds(2))
        if target.byteCount > 0, !call.arguments.isOn(.confirmed) {
            throw CommandFailure(
                "CONFIRMATION_MISSING", "\(target.path) would be replaced by \(path)", hint: "say -y to do it",
                status: .usage)
        }
        do throws(StorageError) {
            AppDatabase.makeFolder(of: target.path)
            try target.restore(from: source, endsSessions: call.arguments.isOn(.endingSessions))
        } catch .busy {
            throw CommandFailure(
                "DATABASE_BUSY", "another process has \(target.path) open; nothing was changed",
                hint: "stop the server first", status: .unavailable)
        } catch {
            throw CommandFailure(
                "RESTORE_FAILED", "\(path) was not restored, and \(target.path) is as it was: \(error)",
                hint: "when it is the database that is damaged, move it away with its -wal and -shm, and try again")
        }
        return CommandReport(
            "\(target.path) holds what \(path) held: \(target.byteCount) bytes",
            json: ["file": .string(target.path), "bytes": .integer(Int64(target.byteCount))])
    }
}
