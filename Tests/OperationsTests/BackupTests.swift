import Glibc
import PylonJSON
import PylonStorage
import PylonTestSupport
import Testing

@testable import PylonOperations

@Suite struct BackupTests {
    private func app() async throws -> TestApp {
        let app = try TestApp()
        #expect(try await app.run(["schema", "push"]).status == .ok)
        return app
    }

    @Test func aBackupIsOneFileThatNothingIsBesides() async throws {
        let app = try await app()
        let path = app.folder.file("copy.db")
        let outcome = try await app.run(["backup", path, "--json"])
        #expect(outcome.status == .ok)
        let bytes = try outcome.json["bytes"]?.int
        var status = stat()
        #expect(stat(path, &status) == 0 && bytes == Int(status.st_size))
        for suffix in ["-wal", "-shm", "-journal", ".partial"] { #expect(access(path + suffix, F_OK) != 0) }
        #expect(try await app.run(["schema", "inspect", "--db", path]).output.hasPrefix("Todo"))
        #expect(access(path + "-wal", F_OK) != 0, "looking at it leaves nothing beside it")
    }

    @Test func aFileIsReplacedOnlyWhenAskedForAndTheDatabaseNever() async throws {
        let app = try await app()
        let path = app.folder.file("copy.db")
        #expect(try await app.run(["backup", path]).status == .ok)
        let refused = try await app.run(["backup", path, "--json"])
        #expect(try refused.status == .failure && refused.json[0]?["code"] == "FILE_EXISTS")
        #expect(try await app.run(["backup", path, "--force"]).status == .ok)
        let own = try await app.run(["backup", app.folder.databasePath, "--force"])
        #expect(own.status == .failure && own.errors.contains("over itself"))
        #expect(try await app.run(["schema", "plan"]).output == "nothing to do")
    }

    @Test func aBackupOfNothingOrToNowhereFails() async throws {
        let app = try TestApp()
        #expect(try await app.run(["backup", app.folder.file("copy.db")]).status == .unavailable)
        #expect(try await app.run(["backup"]).status == .usage)
        #expect(try await app.run(["schema", "push"]).status == .ok)
        #expect(try await app.run(["backup", app.folder.file("none/copy.db")]).status != .ok)
    }

    @Test func aRestoreBringsBackWhatTheBackupHeld() async throws {
        let app = try await app()
        let path = app.folder.file("copy.db")
        #expect(try await app.run(["backup", path]).status == .ok)
        try app.folder.replaceManifest(
            TestApp.manifest(extra: #",{"name":"due","type":"datetime","optional":true,"unique":false}"#))
        #expect(try await app.run(["schema", "push"]).status == .ok)
        let asked = try await app.run(["restore", path])
        #expect(asked.status == .usage && asked.errors.contains("say -y"))
        #expect(try await app.run(["schema", "inspect"]).output.contains("due"))
        #expect(try await app.run(["restore", path, "-y"]).status == .ok)
        #expect(try await !app.run(["schema", "inspect"]).output.contains("due"))
        #expect(try await app.run(["schema", "history", "--json"]).json.array?.count == 1)
        #expect(try await app.run(["schema", "push"]).status == .ok, "and it can be written again")
        let elsewhere = app.folder.file("other.db")
        #expect(try await app.run(["restore", path, "--db", elsewhere]).status == .ok, "nothing there needs no -y")
        #expect(try await app.run(["schema", "inspect", "--db", elsewhere]).output.hasPrefix("Todo"))
    }

    @Test(arguments: [false, true]) func sessionsOfABackupAreBackUnlessAllEnd(endsSessions: Bool) async throws {
        let app = try await app()
        let path = app.folder.file("copy.db")
        let hash = String(repeating: "0", count: 64)
        do {
            let database = try Database(.file(app.folder.databasePath))
            defer { database.close() }
            try await database.write { transaction throws(StorageError) in
                try transaction.insertSession(hash, of: "ann", expiresAt: nil)
            }
        }
        #expect(try await app.run(["backup", path]).status == .ok)
        let flags = endsSessions ? ["--end-sessions"] : []
        #expect(try await app.run(["restore", path, "-y"] + flags).status == .ok)
        let database = try Database(.file(app.folder.databasePath))
        defer { database.close() }
        let stored = try await database.read { transaction throws(StorageError) in try transaction.storedSessions() }
        #expect(stored.map(\.tokenHash) == (endsSessions ? [] : [hash]))
    }

    @Test func aDamagedBackupChangesNothing() async throws {
        let app = try await app()
        let path = app.folder.file("copy.db")
        #expect(try await app.run(["backup", path]).status == .ok)
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        #expect(descriptor >= 0)
        // The second page on: tables, not the header.
        let noise = [UInt8](repeating: 0xA5, count: 8192)
        #expect(pwrite(descriptor, noise, noise.count, 4096) == noise.count)
        close(descriptor)
        let outcome = try await app.run(["restore", path, "-y", "--json"])
        #expect(try outcome.status == .failure && outcome.json[0]?["code"] == "RESTORE_FAILED")
        #expect(try await app.run(["schema", "plan"]).output == "nothing to do")
        try app.folder.replaceManifest("{}")
        let text = try await app.run(["restore", app.folder.manifestPath, "-y"])
        #expect(text.status == .failure, "a file that is no database")
    }
}
