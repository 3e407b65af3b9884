internal import Glibc

/// The manifest and the database of an app under test, in a folder of their own that goes with it.
package final class AppFolder: Sendable {
    private let path: String

    /// Writes `manifest`.
    package init(manifest: String) throws {
        path = "/tmp/pylon-app-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        guard mkdir(path, 0o700) == 0 else { throw ProcessError.unexpected("cannot make \(path)") }
        try replaceManifest(manifest)
    }

    deinit {
        for name in ["app.json", "app.db", "app.db-wal", "app.db-shm", "app.db.lock"] { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    /// The flags of `pylon serve` for it.
    package var flags: [String] { ["--app", "\(path)/app.json", "--db", "\(path)/app.db"] }

    /// Puts another manifest in place of the one before.
    package func replaceManifest(_ text: String) throws {
        let descriptor = open("\(path)/app.json", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard descriptor >= 0, write(descriptor, bytes, bytes.count) == bytes.count else {
            throw ProcessError.unexpected("cannot write the manifest")
        }
    }
}
