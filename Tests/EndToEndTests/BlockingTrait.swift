internal import PylonTestSupport
internal import PylonThreading
internal import Testing

/// Runs tests that wait for sockets and processes on threads of their own.
///
/// On the cooperative pool, which has a thread for each processor, they would hold up every other test of the process, and tests whose
/// handlers run on that pool would wait for all of them.
struct BlockingTrait: SuiteTrait, TestTrait, TestScoping {
    /// Whether no other such test runs meanwhile.
    let isAlone: Bool

    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        await Gate.shared.enter(isAlone: isAlone)
        // To leave it is to let others in, whether the test passed or not.
        defer { Gate.shared.leave() }
        try await withTaskExecutorPreference(BlockingExecutor.shared) { try await function() }
    }
}

extension Trait where Self == BlockingTrait {
    /// For suites and tests that block.
    static var blocking: Self { Self(isAlone: false) }
    /// For those whose clients have to keep up with a server in real time: the others, which keep every processor busy, wait meanwhile.
    static var keepingPace: Self { Self(isAlone: true) }
}

/// Lets tests in, many at a time or one alone, in the order in which they came.
private final class Gate: Sendable {
    static let shared = Gate()

    private struct State {
        var running = 0
        var isTakenAlone = false
        var waiting: [(isAlone: Bool, enter: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Lock(State())

    func enter(isAlone: Bool) async {
        await withCheckedContinuation { continuation in
            state.withLock { $0.waiting.append((isAlone, continuation)) }
            admit()
        }
    }

    func leave() {
        state.withLock { state in
            state.running -= 1
            state.isTakenAlone = false
        }
        admit()
    }

    private func admit() {
        let admitted = state.withLock { state in
            var admitted: [CheckedContinuation<Void, Never>] = []
            while let next = state.waiting.first, !state.isTakenAlone, !next.isAlone || state.running == 0 {
                state.waiting.removeFirst()
                state.running += 1
                state.isTakenAlone = next.isAlone
                admitted.append(next.enter)
            }
            return admitted
        }
        for continuation in admitted { continuation.resume() }
    }
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
