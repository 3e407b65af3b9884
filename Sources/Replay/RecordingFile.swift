internal import Glibc

/// A recording in a file, for reading. Closes with the object.
package final class RecordingFile {
    private let descriptor: Int32

    /// Opens the file. Blocks.
    package init(_ path: String) throws(RecordingError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable("\(path): \(String(cString: strerror(errno)))") }
    }

    deinit {
        close(descriptor)
    }

    /// Up to `count` bytes from `offset` on; what cannot be read counts as the end. Blocks.
    package func read(_ offset: Int, _ count: Int) -> [UInt8] {
        var size = stat()
        // A length in a damaged file may be anything: no more is allocated than there is.
        guard fstat(descriptor, &size) == 0, size.st_size > offset else { return [] }
        let count = min(count, size.st_size - offset)
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(
                    descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
                if got < 0, errno == EINTR { continue }
                guard got > 0 else { break }
                filled += got
            }
        }
    }
}
