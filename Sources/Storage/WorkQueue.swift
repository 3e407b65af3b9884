internal import Glibc

/// A bounded queue of jobs between async callers and database threads. When it is full, new jobs are refused.
///
/// Bounded by count and by the bytes its jobs say they hold. Several threads may take from it.
final class WorkQueue<Job: Sendable>: @unchecked Sendable {
    // Safety: everything mutable is touched only while `mutex` is held; the mutex and the condition live at fixed heap
    // addresses.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t> = .allocate(capacity: 1)
    private let condition: UnsafeMutablePointer<pthread_cond_t> = .allocate(capacity: 1)
    private var jobs: [(job: Job, bytes: Int)?] = []
    private var head = 0
    private var bytesWaiting = 0
    private var isClosed = false
    private let capacity: Int
    private let bytesMaximum: Int

    init(capacity: Int, bytesMaximum: Int = .max) {
        self.capacity = capacity
        self.bytesMaximum = bytesMaximum
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        condition.initialize(to: pthread_cond_t())
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        condition.deallocate()
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Appends a job; otherwise says why not. A job larger than the whole budget is accepted when nothing else waits, so that
    /// it can be done at all.
    func push(_ job: Job, bytes: Int = 0) -> StorageError? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if isClosed { return .closed }
        let waiting = jobs.count - head
        guard waiting < capacity, waiting == 0 || bytesWaiting + bytes <= bytesMaximum else { return .overloaded }
        jobs.append((job, bytes))
        bytesWaiting += bytes
        pthread_cond_signal(condition)
        return nil
    }

    /// Waits for jobs and takes up to `maximum`, oldest first; empty once the queue is closed and empty.
    func pop(_ maximum: Int) -> [Job] {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while jobs.count == head {
            if isClosed { return [] }
            pthread_cond_wait(condition, mutex)
        }
        return take(maximum)
    }

    /// Takes up to `maximum` jobs without waiting.
    func popWaiting(_ maximum: Int) -> [Job] {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return take(maximum)
    }

    /// How many jobs wait.
    var count: Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return jobs.count - head
    }

    /// Whether it was closed.
    var refusesAll: Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return isClosed
    }

    /// Refuses new jobs from now on; those accepted can still be taken.
    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    private func take(_ maximum: Int) -> [Job] {
        var taken: [Job] = []
        let end = min(jobs.count, head + maximum)
        taken.reserveCapacity(end - head)
        while head < end {
            if let (job, bytes) = jobs[head] {
                taken.append(job)
                bytesWaiting -= bytes
            }
            jobs[head] = nil
            head += 1
        }
        // Empty slots go when the queue is empty or half of them are, so that taking stays O(1) per job.
        if head == jobs.count {
            jobs.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 1024, head > jobs.count / 2 {
            jobs.removeFirst(head)
            head = 0
        }
        return taken
    }
}
