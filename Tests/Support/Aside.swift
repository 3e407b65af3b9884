internal import PylonThreading

/// Runs a test's body that blocks on a thread of its own, so that the cooperative pool, where the server's handlers run, is left alone.
package func aside(_ body: @escaping @Sendable () throws -> Void) async throws {
    let thread = BlockingThread(name: "test", capacity: 1)
    let running = thread.start()
    let result = await thread.run { Result(catching: body) }
    thread.close()
    running.join()
    try result?.get()
}

/// Waits, on a thread that may block, for what async code returns; throws when that takes too long.
package func waiting<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
    let done = Mailbox<Result<Value, any Error>>()
    // Ends with the result, or with the test's process.
    Task(priority: .high) {
        do { done.put(.success(try await body())) } catch { done.put(.failure(error)) }
    }
    return try done.next().get()
}
