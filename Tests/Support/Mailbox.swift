internal import Glibc

/// What should have happened within a test's deadline and did not.
package struct DeadlinePassed: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) {
        self.description = description
    }
}

/// Events on their way from any thread to a test, which waits for them with a deadline.
package final class Mailbox<Element: Sendable>: @unchecked Sendable {
    // Safety: `elements` is touched only while `mutex` is held; the mutex and the condition live at fixed heap addresses.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t> = .allocate(capacity: 1)
    private let condition: UnsafeMutablePointer<pthread_cond_t> = .allocate(capacity: 1)
    private var elements: [Element] = []

    package init() {
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        condition.initialize(to: pthread_cond_t())
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        condition.deallocate()
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    package func put(_ element: Element) {
        pthread_mutex_lock(mutex)
        elements.append(element)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// How many elements wait.
    package var count: Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return elements.count
    }

    /// Takes the oldest `count` elements; throws `DeadlinePassed` when they do not come in time.
    package func take(_ count: Int, within seconds: Int = 20) throws -> [Element] {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        deadline.tv_sec += seconds
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while elements.count < count {
            guard pthread_cond_timedwait(condition, mutex, &deadline) != ETIMEDOUT else {
                throw DeadlinePassed(description: "\(elements.count) of \(count) events came within \(seconds) s")
            }
        }
        let taken = Array(elements[..<count])
        elements.removeFirst(count)
        return taken
    }

    /// Takes the oldest element; throws `DeadlinePassed` when none comes in time.
    package func next(within seconds: Int = 20) throws -> Element {
        try take(1, within: seconds)[0]
    }
}
