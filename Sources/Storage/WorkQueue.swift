internal import Glibc
internal import PylonThreading
internal import PylonTime

/// A bounded queue of jobs between async callers and database threads. When it is full, new jobs are refused.
///
/// Bounded by count and by the bytes its jobs say they hold. Several threads may take from it. One of those that sleep is woken at a time, and it
/// wakes the next when it leaves work behind: a burst that one thread gets done before another could have come wakes no other. It is the one
/// that fell asleep last, whose caches are the warmest.
final class WorkQueue<Job: Sendable>: Wakeable, @unchecked Sendable {
    // Safety: everything mutable is touched only while `mutex` is held; the mutex lives at a fixed heap address.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t> = .allocate(capacity: 1)
    private var jobs: [(job: Job, bytes: Int)?] = []
    private var head = 0
    private var bytesWaiting = 0
    private var isClosed = false
    /// Threads that sleep in `pop`, the one that fell asleep last at the end.
    private var sleepers: [Taker] = []
    /// The thread that is being woken and has not come yet.
    private var waking: Taker?
    /// The thread that waits for so many jobs.
    private var gathering: (taker: Taker, count: Int)?
    private let capacity: Int
    private let bytesMaximum: Int

    /// A thread that takes jobs, one at each `pop`; it sleeps on a condition of its own.
    final class Taker {
        fileprivate let condition: UnsafeMutablePointer<pthread_cond_t> = .allocate(capacity: 1)

        init() {
            var attributes = pthread_condattr_t()
            pthread_condattr_init(&attributes)
            pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
            condition.initialize(to: pthread_cond_t())
            pthread_cond_init(condition, &attributes)
            pthread_condattr_destroy(&attributes)
        }

        deinit {
            pthread_cond_destroy(condition)
            condition.deallocate()
        }
    }

    init(capacity: Int, bytesMaximum: Int = .max) {
        self.capacity = capacity
        self.bytesMaximum = bytesMaximum
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Appends a job; otherwise says why not. A job larger than the whole budget is accepted when nothing else waits, so that
    /// it can be done at all.
    func push(_ job: Job, bytes: Int = 0) -> StorageError? {
        pthread_mutex_lock(mutex)
        let refusal = append(job, bytes)
        let wakes = refusal == nil && choosesSleeper()
        pthread_mutex_unlock(mutex)
        if wakes { WakeUps.request(self) }
        return refusal
    }

    private func append(_ job: Job, _ bytes: Int) -> StorageError? {
        if isClosed { return .closed }
        let waiting = jobs.count - head
        guard waiting < capacity, waiting == 0 || bytesWaiting + bytes <= bytesMaximum else { return .overloaded }
        jobs.append((job, bytes))
        bytesWaiting += bytes
        return nil
    }

    /// Waits for jobs and takes up to `maximum`, oldest first, those behind the first only as long as `belongs` is true of both; empty
    /// once the queue is closed and empty.
    func pop(_ maximum: Int, by taker: Taker, while belongs: (Job) -> Bool = { _ in true }) -> [Job] {
        pthread_mutex_lock(mutex)
        while jobs.count == head, !isClosed {
            sleepers.append(taker)
            pthread_cond_wait(taker.condition, mutex)
            if waking === taker { waking = nil } else { sleepers.removeAll { $0 === taker } }
        }
        let taken = take(maximum, while: belongs)
        let wakes = choosesSleeper()
        pthread_mutex_unlock(mutex)
        if wakes { wakeNow() }
        return taken
    }

    /// Waits until `count` jobs wait, or the queue is closed, for `patience` at most.
    func gather(_ count: Int, by taker: Taker, for patience: Duration) {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let nanoseconds = deadline.tv_nsec + Int(patience.wholeNanoseconds)
        deadline.tv_sec += nanoseconds / 1_000_000_000
        deadline.tv_nsec = nanoseconds % 1_000_000_000
        pthread_mutex_lock(mutex)
        while jobs.count - head < count, !isClosed {
            gathering = (taker, count)
            let result = pthread_cond_timedwait(taker.condition, mutex, &deadline)
            if waking === taker { waking = nil }
            if result != 0 { break }
        }
        gathering = nil
        pthread_mutex_unlock(mutex)
    }

    /// Takes up to `maximum` jobs without waiting.
    func popWaiting(_ maximum: Int) -> [Job] {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return take(maximum) { _ in true }
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
        for sleeper in sleepers { pthread_cond_signal(sleeper.condition) }
        if let gathering { pthread_cond_signal(gathering.taker.condition) }
        pthread_mutex_unlock(mutex)
    }

    /// Chooses who is to be woken for what waits; false when nobody has to be. With the mutex held.
    private func choosesSleeper() -> Bool {
        guard jobs.count > head, waking == nil else { return false }
        if let gathering, jobs.count - head >= gathering.count {
            waking = gathering.taker
            self.gathering = nil
        } else {
            waking = sleepers.popLast()
        }
        return waking != nil
    }

    /// Wakes the sleeper that was chosen.
    func wakeNow() {
        pthread_mutex_lock(mutex)
        // It may have come by itself, and then finds what there is.
        if let waking { pthread_cond_signal(waking.condition) }
        pthread_mutex_unlock(mutex)
    }

    /// With the mutex held.
    private func take(_ maximum: Int, while belongs: (Job) -> Bool) -> [Job] {
        var taken: [Job] = []
        let end = min(jobs.count, head + maximum)
        taken.reserveCapacity(end - head)
        while head < end {
            if let (job, bytes) = jobs[head] {
                if let first = taken.first, !belongs(first) || !belongs(job) { break }
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
