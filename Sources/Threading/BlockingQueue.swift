internal import CSystem

/// A bounded queue between threads whose consumer may sleep. When it is full, new elements are refused.
public final class BlockingQueue<Element: Sendable>: @unchecked Sendable {
    // Safety: `elements` and `isClosed` are touched only while `mutex` is held; the mutex and the condition live at fixed
    // heap addresses.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var elements: [Element] = []
    private var isClosed = false
    private let capacity: Int

    public init(capacity: Int) {
        self.capacity = capacity
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        condition = .allocate(capacity: 1)
        condition.initialize(to: pthread_cond_t())
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        condition.deallocate()
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Appends `element` and wakes the consumer; false when the queue is full or closed.
    public func push(_ element: Element) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isClosed, elements.count < capacity else { return false }
        elements.append(element)
        pthread_cond_signal(condition)
        return true
    }

    /// Waits for elements and takes all there are; nil once the queue is closed and empty.
    public func popAll() -> [Element]? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while elements.isEmpty {
            if isClosed { return nil }
            pthread_cond_wait(condition, mutex)
        }
        let taken = elements
        elements = []
        return taken
    }

    /// Refuses new elements from now on; the consumer gets what is left, then nil.
    public func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }
}
