internal import CSystem
internal import Glibc

/// The epoll instance of one loop, level-triggered (docs/decisions/0001-level-triggered-epoll.md).
struct Poller: ~Copyable {
    /// 512 events a turn: a turn with more ready descriptors than that simply goes on in the next one.
    static let eventsPerTurnMaximum = 512

    private let epoll: Int32
    private let events: UnsafeMutablePointer<epoll_event>

    init() throws(SystemError) {
        epoll = epoll_create1(Int32(bitPattern: UInt32(EPOLL_CLOEXEC)))
        guard epoll >= 0 else { throw SystemError("epoll_create1", number: errno) }
        events = .allocate(capacity: Self.eventsPerTurnMaximum)
    }

    deinit {
        close(epoll)
        events.deallocate()
    }

    borrowing func add(_ descriptor: Int32, interest: ReadyEvents, datum: UInt64) throws(SystemError) {
        guard csystem_epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, interest.rawValue, datum) == 0 else {
            throw SystemError("epoll_ctl", number: errno)
        }
    }

    borrowing func modify(_ descriptor: Int32, interest: ReadyEvents, datum: UInt64) {
        let result = csystem_epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, interest.rawValue, datum)
        precondition(result == 0, "epoll_ctl on a descriptor that is not registered")
    }

    borrowing func remove(_ descriptor: Int32) {
        // The only failure left is "not registered", and then there is nothing to remove.
        _ = csystem_epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, 0, 0)
    }

    /// Waits up to `milliseconds` (-1: without end) and returns how many events there are.
    borrowing func wait(milliseconds: Int32) -> Int {
        // EINTR is a turn without events.
        max(0, Int(epoll_wait(epoll, events, Int32(Self.eventsPerTurnMaximum), milliseconds)))
    }

    /// The event at `index` of the last `wait`.
    borrowing func event(at index: Int) -> (events: ReadyEvents, datum: UInt64) {
        (ReadyEvents(rawValue: events[index].events), csystem_epoll_datum(events + index))
    }
}
