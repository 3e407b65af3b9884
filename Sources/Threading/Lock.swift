internal import CSystem

/// The one lock of the code base: a `pthread_mutex_t` beside the state it protects.
///
/// Bodies are short: no I/O, no callbacks, no second lock unless `docs/lock-order.md` lists the pair. It wraps
/// pthread's mutex rather than `Synchronization.Mutex` because the thread sanitizer understands only the former.
public struct Lock<State>: ~Copyable, @unchecked Sendable {
    // Safety: `state` is touched only between lock and unlock of `mutex`; both live at fixed heap addresses.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let state: UnsafeMutablePointer<State>

    /// Protects `initial` from now on.
    public init(_ initial: sending State) {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        state = .allocate(capacity: 1)
        state.initialize(to: initial)
    }

    deinit {
        state.deinitialize(count: 1)
        state.deallocate()
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs `body` with exclusive access to the state.
    public borrowing func withLock<R, E: Error>(_ body: (inout State) throws(E) -> sending R) throws(E) -> sending R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state.pointee)
    }
}
