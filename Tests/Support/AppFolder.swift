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
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { unlink("\(path)/\(name)") }
            }
            closedir(folder)
        }
        rmdir(path)
    }

    package var manifestPath: String { file("app.json") }
    package var databasePath: String { file("app.db") }

    /// The flags of `pylon serve` for it.
    package var flags: [String] { ["--app", manifestPath, "--db", databasePath] }

    /// Another file in it.
    package func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Puts another manifest in place of the one before.
    package func replaceManifest(_ text: String) throws {
        let descriptor = open(manifestPath, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard descriptor >= 0, write(descriptor, bytes, bytes.count) == bytes.count else {
            throw ProcessError.unexpected("cannot write the manifest")
        }
    }
}
