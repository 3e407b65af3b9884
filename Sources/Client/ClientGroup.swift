internal import PylonEventLoop
internal import PylonNet
internal import PylonThreading
internal import PylonTime

/// The threads that connections share: one event loop for all their sockets, and one that looks up names.
///
/// A process needs one, ``shared``. Bots and tests that want more loops make their own.
public final class ClientGroup: Sendable {
    /// The group of whoever names none; it lives as long as the process.
    public static let shared: ClientGroup = {
        do {
            return try ClientGroup()
        } catch {
            // As with a thread that cannot be started: without descriptors for a loop nothing can go on.
            preconditionFailure("no event loop for clients: \(error)")
        }
    }()

    let loop: EventLoop
    let resolver = NameResolver()
    let counters = NetCounters()
    private let thread: Thread
    private let isClosed = Lock(false)
    // Safety: touched on the loop's thread only.
    nonisolated(unsafe) private var keepers: [ObjectIdentifier: StreamKeeper] = [:]
    nonisolated(unsafe) private var requests: [ObjectIdentifier: SingleRequest] = [:]

    /// Starts the threads. Throws `unreachable` when the system has no descriptors left.
    public convenience init() throws(ClientError) {
        try self.init(clock: SystemClock())
    }

    init(clock: any Clock) throws(ClientError) {
        do throws(SystemError) {
            loop = try EventLoop(index: 0, clock: clock)
        } catch {
            throw .unreachable(error.description)
        }
        thread = loop.start()
    }

    /// Runs `body` on the loop's thread; false, and not at all, once the group is closed. Any thread may call it.
    @discardableResult
    func submit(_ body: @escaping @Sendable () -> Void) -> Bool {
        // Under the lock: what is submitted before the end runs before it.
        isClosed.withLock { isClosed in
            if !isClosed { loop.submit(body) }
            return !isClosed
        }
    }

    /// Ends what the group's connections do, without a word to their servers, and then the threads. Close the connections first.
    ///
    /// Blocks until the loop has ended: for the end of a program or a test, on a thread that may block. Once, or more often.
    public func shutDown() {
        let wasClosed = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return isClosed
        }
        guard !wasClosed else { return }
        resolver.close()
        loop.submit { [self] in
            for keeper in keepers.values { keeper.close() }
            for request in requests.values { request.close(in: self) }
            for channel in loop.registeredChannels {
                (channel as? Connection)?.close()
                (channel as? Connector)?.cancel()
            }
            loop.stop()
        }
        thread.join()
    }

    // MARK: What is under way, on the loop's thread

    func add(_ keeper: StreamKeeper) { keepers[ObjectIdentifier(keeper)] = keeper }

    func remove(_ keeper: StreamKeeper) { keepers[ObjectIdentifier(keeper)] = nil }

    func add(_ request: SingleRequest) { requests[ObjectIdentifier(request)] = request }

    func remove(_ request: SingleRequest) { requests[ObjectIdentifier(request)] = nil }
}
