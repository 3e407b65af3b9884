/// A thread for work that may block or take long, awaited from async code: the cooperative pool must do neither.
///
/// Work runs one piece at a time, in order. At most `capacity` pieces wait; beyond that new ones are refused.
public final class BlockingThread: Sendable {
    private let name: String
    private let givesWay: Bool
    private let queue: BlockingQueue<@Sendable () -> Void>

    /// `name` is what the thread shows in `top -H`; with `givesWay` it lets others go first (``Thread/giveWay()``). Nothing runs before
    /// `start`.
    public init(name: String, capacity: Int = 1024, givesWay: Bool = false) {
        self.name = name
        self.givesWay = givesWay
        queue = BlockingQueue(capacity: capacity)
    }

    /// Starts the thread; it ends after `close` and what was queued before.
    public func start() -> Thread {
        Thread.spawn(name: name) { [queue, givesWay] in
            if givesWay { Thread.giveWay() }
            while let pieces = queue.popAll() {
                for piece in pieces { piece() }
            }
        }
    }

    /// Runs `work` on the thread and returns what it returns; nil when it was refused.
    public func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value? {
        await withCheckedContinuation { continuation in
            let isQueued = queue.push { continuation.resume(returning: work()) }
            if !isQueued { continuation.resume(returning: nil) }
        }
    }

    /// Runs `work` on the thread without waiting for it; false when it was refused.
    public func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        queue.push(work)
    }

    /// Refuses new work from now on.
    public func close() {
        queue.close()
    }
}
