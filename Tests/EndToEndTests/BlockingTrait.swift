internal import PylonTestSupport
internal import PylonThreading
internal import Testing

/// Runs tests that wait for sockets and processes on threads of their own.
///
/// On the cooperative pool, which has a thread for each processor, they would hold up every other test of the process, and tests whose
/// handlers run on that pool would wait for all of them.
struct BlockingTrait: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(BlockingExecutor.shared) { try await function() }
    }
}

extension Trait where Self == BlockingTrait {
    /// For suites and tests that block.
    static var blocking: Self { Self() }
}

/// A few threads that take jobs one by one, for as long as the process lives.
private final class BlockingExecutor: TaskExecutor {
    static let shared = BlockingExecutor()
    /// As many as start servers at a time, and one that is busy for long.
    private static let threadCount = 3

    private let jobs = Mailbox<UnownedJob>()

    private init() {
        for index in 0..<Self.threadCount {
            _ = Thread.spawn(name: "tests-\(index)") { self.run() }
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        jobs.put(UnownedJob(job))
    }

    private func run() -> Never {
        while true {
            // Nothing to do for an hour is no reason to stop.
            guard let job = try? jobs.next(within: 3600) else { continue }
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
