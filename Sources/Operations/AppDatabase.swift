internal import Glibc
package import PylonStorage
internal import PylonThreading

/// The database of an app, for callers without an event loop: the main thread of a command or of a server that starts.
package enum AppDatabase {
    /// Makes the folder that a database file lies in, if need be.
    package static func makeFolder(of file: String) {
        var path = ""
        for part in file.split(separator: "/", omittingEmptySubsequences: false).dropLast() {
            path += part + "/"
            // It may be there already; what else goes wrong shows when the file is opened.
            _ = mkdir(path, 0o755)
        }
    }

    /// Waits for `work`, on a thread that may block.
    package static func wait<Value: Sendable>(
        for work: @escaping @Sendable () async throws(StorageError) -> Value
    ) throws(StorageError) -> Value {
        let done = BlockingQueue<Result<Value, StorageError>>(capacity: 1)
        Task {
            do throws(StorageError) {
                _ = done.push(.success(try await work()))
            } catch {
                _ = done.push(.failure(error))
            }
        }
        guard let result = done.popAll()?.first else { throw .closed }
        return try result.get()
    }
}
