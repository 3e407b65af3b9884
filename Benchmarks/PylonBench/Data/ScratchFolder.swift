internal import CBenchSystem
internal import Glibc

/// A folder for the files of one run, gone when it is let go. On a disk: durable writes cost nothing in memory.
final class ScratchFolder {
    let path: String

    /// Makes a folder of its own below `parent`.
    init(in parent: String) throws(BenchError) {
        var pattern = Array("\(parent)/pylon-bench-XXXXXX".utf8CString)
        guard mkdtemp(&pattern) != nil else { throw .system(call: "making a folder in \(parent)", errno: errno) }
        path = String(decoding: pattern.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if bench_is_in_memory(path) != 0 {
            rmdir(path)
            throw .usage("\(parent) is memory, where durable writes cost nothing: name one on a disk with --folder")
        }
    }

    deinit {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { unlink("\(path)/\(name)") }
            }
            closedir(directory)
        }
        rmdir(path)
    }

    /// The path of a file in it.
    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file and returns its path.
    func write(_ text: String, to name: String) throws(BenchError) -> String {
        let descriptor = open(file(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        defer { close(descriptor) }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let length = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard length > 0 else { throw .system(call: "writing \(file(name))", errno: errno) }
            bytes = bytes.dropFirst(length)
        }
        return file(name)
    }

    /// Removes a database and what SQLite keeps beside it.
    func removeDatabase(_ name: String) {
        for suffix in ["", "-wal", "-shm", ".lock"] { unlink(file(name + suffix)) }
    }
}
