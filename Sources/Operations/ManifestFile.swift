internal import Glibc
internal import PylonPolicy
package import PylonSchema

/// The file that holds an app's manifest, read and checked in full.
package enum ManifestFile {
    /// Where it is looked for when nobody names one.
    package static let standardPath = "pylon.manifest.json"
    /// 16 MiB: far beyond any manifest.
    static let byteCountMaximum = 16 << 20

    /// The manifest's path: the one named or, if that is empty, the standard one; nil when there is nothing under the latter.
    package static func path(named name: String) -> String? {
        if !name.isEmpty { return name }
        return access(standardPath, F_OK) == 0 ? standardPath : nil
    }

    /// Reads it, rules included. Blocks. The result's manifest is nil when any diagnostic is an error.
    package static func read(_ path: String) -> ManifestParser.Result {
        guard let bytes = bytes(of: path) else {
            let problem = Diagnostic(
                .error, .manifestReadFailed, at: ValuePath(), "cannot read \(path)",
                hint: "name the manifest with --app or PYLON_MANIFEST")
            return ManifestParser.Result(manifest: nil, diagnostics: [problem])
        }
        return ManifestParser.parse(bytes: bytes.span) { text in
            do throws(PolicyParseError) {
                _ = try PolicyExpression(parsing: text)
                return nil
            } catch {
                return error.description
            }
        }
    }

    private static func bytes(of path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= byteCountMaximum {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return count == 0 ? bytes : nil }
            bytes += chunk[..<count]
        }
        return nil
    }
}
