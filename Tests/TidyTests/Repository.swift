internal import Glibc

/// The files of the repository this test was compiled from.
enum Repository {
    /// The folder that holds `Package.swift`: three levels above this file.
    static let root: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(3)
        return parts.joined(separator: "/")
    }()

    /// Every Swift file of the main package and of the examples, read once.
    static let texts: [SourceText] = ["Sources", "Tests", "Benchmarks", "Fuzz", "examples"]
        .flatMap { paths(under: $0) }
        .filter { $0.hasSuffix(".swift") }
        .map { SourceText(path: $0, bytes: read($0)) }

    static let manifest = Manifest(SourceText(path: "Package.swift", bytes: read("Package.swift")))

    /// The files below `folder`, relative to the root, sorted; hidden files and folders are passed over.
    static func paths(under folder: String) -> [String] {
        guard let stream = opendir("\(root)/\(folder)") else { return [] }
        defer { closedir(stream) }
        var found: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasPrefix(".") { continue }
            let path = "\(folder)/\(name)"
            if Int32(entry.pointee.d_type) == Int32(DT_DIR) {
                found += paths(under: path)
            } else {
                found.append(path)
            }
        }
        return found.sorted()
    }

    /// The bytes of a file; traps when it cannot be read, since it was listed a moment ago.
    static func read(_ path: String) -> [UInt8] {
        guard let file = fopen("\(root)/\(path)", "r") else { preconditionFailure("cannot open \(path)") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }
}

/// One breach of the style guide, at one line.
struct Violation: Hashable, CustomStringConvertible {
    var path: String
    var line: Int
    var message: String

    var description: String { "\(path):\(line): \(message)" }
}
