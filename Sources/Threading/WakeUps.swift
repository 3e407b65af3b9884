internal import CSystem

/// What sleeps until another thread has something for it: an event loop, the threads behind a queue.
public protocol Wakeable: AnyObject, Sendable {
    /// Wakes it, at the price of a system call. Only ``WakeUps`` calls it, on the thread that asked for it.
    func wakeNow()
}

/// Wake-ups given together. A thread that hands over many things first hands over all of them and then wakes their takers, once: on a busy
/// processor whoever is woken runs at once, and would find one thing where it could have had a batch.
public enum WakeUps {
    /// What one thread owes. Made once for each thread that holds wake-ups, and gone with it.
    private final class Debt {
        var isHeld = false
        var targets: [any Wakeable] = []
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let result = pthread_key_create(&key) { debt in
            if let debt { Unmanaged<Debt>.fromOpaque(debt).release() }
        }
        precondition(result == 0, "no thread-specific data: error \(result)")
        return key
    }()

    /// The calling thread's; nil when it has never held any.
    private static var debt: Debt? {
        pthread_getspecific(key).map { Unmanaged<Debt>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func makeDebt() -> Debt {
        let debt = Debt()
        pthread_setspecific(key, Unmanaged.passRetained(debt).toOpaque())
        return debt
    }

    /// Runs `body`, and gives the wake-ups that it asked for on this thread when it is done. It must not sleep meanwhile. Within
    /// another call it changes nothing: the outer one gives them.
    public static func held(_ body: () -> Void) {
        let debt = debt ?? makeDebt()
        guard !debt.isHeld else { return body() }
        debt.isHeld = true
        body()
        debt.isHeld = false
        // By index: without optimisation the iterator of an array allocates.
        for index in debt.targets.indices { debt.targets[index].wakeNow() }
        debt.targets.removeAll(keepingCapacity: true)
    }

    /// Wakes `target`, now or at the end of the `held` that runs on this thread. Call it with no lock held, and once until it has woken:
    /// it may be woken as often as this is called.
    public static func request(_ target: any Wakeable) {
        if let debt, debt.isHeld { debt.targets.append(target) } else { target.wakeNow() }
    }
}
