internal import PylonEventLoop
internal import PylonNet
internal import PylonShardHost
internal import PylonTime

/// A request's body as it arrives, for handlers that take more than fits into memory. What the handler has not asked for stays in the
/// kernel, beyond 256 KiB.
package final class RequestBody: @unchecked Sendable {
    // Safety: everything mutable belongs to the connection's loop, which `next` goes to first.

    /// Bytes held for the handler before the connection is read no further.
    package static let bytesMaximum = 256 << 10

    private let connection: ConnectionReference
    private var waiting: [UInt8] = []
    private var isFinished = false
    private var failure: APIError?
    private var reader: CheckedContinuation<Result<[UInt8]?, APIError>, Never>?
    private var pausedSince: Instant?
    /// How long the client was kept waiting so far.
    private(set) var timePaused = Duration.zero
    /// Bytes that have arrived.
    private(set) var byteCount = 0

    init(_ connection: Connection) {
        self.connection = ConnectionReference(connection)
    }

    /// The next bytes, as many as have arrived; nil at the end of the body. Not to be called twice at a time. Throws what became of a body
    /// that does not end, such as `timeout`.
    package func next() async throws(APIError) -> [UInt8]? {
        let result = await withCheckedContinuation { continuation in
            connection.loop.submit { self.read(continuation) }
        }
        return try result.get()
    }

    private func read(_ continuation: CheckedContinuation<Result<[UInt8]?, APIError>, Never>) {
        precondition(reader == nil, "a body is read by one at a time")
        if !waiting.isEmpty {
            continuation.resume(returning: .success(waiting))
            waiting = []
            resume()
        } else if let failure {
            continuation.resume(returning: .failure(failure))
        } else if isFinished {
            continuation.resume(returning: .success(nil))
        } else {
            reader = continuation
        }
    }

    // MARK: On the loop

    /// Whether the connection is read no further for now.
    var isPaused: Bool { pausedSince != nil }

    func receive(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        byteCount += bytes.count
        if let reader {
            self.reader = nil
            return reader.resume(returning: .success(Array(bytes)))
        }
        waiting.append(contentsOf: bytes)
        guard waiting.count >= Self.bytesMaximum, pausedSince == nil else { return }
        pausedSince = connection.loop.now
        connection.onLoop.pauseReading()
    }

    /// All of it is here.
    func finish() {
        isFinished = true
        resume()
        wake(.success(nil))
    }

    /// The rest will not come.
    func fail(_ error: APIError) {
        guard !isFinished, failure == nil else { return }
        failure = error
        wake(.failure(error))
    }

    private func wake(_ result: Result<[UInt8]?, APIError>) {
        reader?.resume(returning: result)
        reader = nil
    }

    private func resume() {
        guard let since = pausedSince else { return }
        pausedSince = nil
        timePaused += connection.loop.now - since
        if connection.onLoop.isOpen { connection.onLoop.resumeReading() }
    }
}
