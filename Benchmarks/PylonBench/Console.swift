internal import Glibc

/// Text for whoever runs the benchmark: results on standard output, everything else on standard error.
enum Console {
    static func note(_ line: String) { write(line, to: STDERR_FILENO) }

    static func print(_ line: String) { write(line, to: STDOUT_FILENO) }

    static func write(_ line: String, to descriptor: Int32) {
        var bytes = Array((line + "\n").utf8)[...]
        while !bytes.isEmpty {
            let length = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard length > 0 else { return }
            bytes = bytes.dropFirst(length)
        }
    }
}
