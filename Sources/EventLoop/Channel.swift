internal import CSystem
package import PylonTime

/// Something with a descriptor that a loop watches: a listener, a connection. It belongs to one loop, and only that
/// loop's thread touches it. Open because Swift wants that of a class with subclasses in other modules.
open class Channel {
    /// The descriptor, owned by this object until `closeDescriptor` has run.
    package final let descriptor: Int32
    package unowned let loop: EventLoop
    /// Distinguishes this channel from earlier ones that had the same descriptor; 0 when not registered.
    package fileprivate(set) final var generation: UInt32 = 0
    /// What the poller watches for; zero when not registered.
    package fileprivate(set) final var interest: ReadyEvents = []
    /// When `deadlinePassed` is due.
    package fileprivate(set) final var deadline: Instant = .distantFuture
    /// The earliest entry for this channel in the loop's heap.
    fileprivate final var armedDeadline: Instant = .distantFuture

    package init(descriptor: Int32, loop: EventLoop) {
        self.descriptor = descriptor
        self.loop = loop
    }

    /// The descriptor became ready. Level-triggered: what is left undone is reported again in the next turn.
    open func ready(_ events: ReadyEvents) {}

    /// The deadline set with `EventLoop.setDeadline` has come.
    open func deadlinePassed() {}

    /// The end of a turn in which the channel asked for it with `EventLoop.requestFlush`.
    open func flush() {}
}

/// What a descriptor is ready for, in epoll's bits.
public struct ReadyEvents: OptionSet, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// There is something to read, or the other end has finished.
    package static let readable = ReadyEvents(rawValue: UInt32(CSYSTEM_EPOLLIN))
    package static let writable = ReadyEvents(rawValue: UInt32(CSYSTEM_EPOLLOUT))
    package static let failed = ReadyEvents(rawValue: UInt32(CSYSTEM_EPOLLERR))
    /// Both directions are down; reported whether asked for or not.
    package static let hungUp = ReadyEvents(rawValue: UInt32(CSYSTEM_EPOLLHUP))
    /// The other end will send nothing more.
    package static let peerFinished = ReadyEvents(rawValue: UInt32(CSYSTEM_EPOLLRDHUP))
}

/// The loop's table of channels, indexed by descriptor. A datum of descriptor and generation travels through epoll, so an
/// event or a timer that outlived its channel is recognised and dropped.
struct ChannelTable {
    private var channels: [Channel?] = []
    private var generationLast: UInt32 = 0

    static func datum(of channel: Channel) -> UInt64 {
        UInt64(channel.generation) << 32 | UInt64(UInt32(bitPattern: channel.descriptor))
    }

    mutating func insert(_ channel: Channel) {
        let index = Int(channel.descriptor)
        while channels.count <= index {
            channels.append(contentsOf: repeatElement(nil, count: max(64, channels.count)))
        }
        precondition(channels[index] == nil, "descriptor registered twice")
        // 0 is the wake descriptor's, and bit 31 marks scheduled closures. 2^31 registrations while one event or timer is
        // outstanding would take days of nothing but connecting.
        generationLast = generationLast == 0x7FFF_FFFF ? 1 : generationLast + 1
        channel.generation = generationLast
        channels[index] = channel
    }

    mutating func remove(_ channel: Channel) {
        channels[Int(channel.descriptor)] = nil
    }

    func channel(for datum: UInt64) -> Channel? {
        let index = Int(datum & 0xFFFF_FFFF)
        guard index < channels.count, let channel = channels[index], channel.generation == UInt32(datum >> 32) else {
            return nil
        }
        return channel
    }

    var all: [Channel] { channels.compactMap { $0 } }
}

extension EventLoop {
    /// Starts watching `channel` and keeps it alive until `deregister`.
    package func register(_ channel: Channel, for interest: ReadyEvents) throws(SystemError) {
        assertOnLoop()
        channels.insert(channel)
        do {
            try poller.add(channel.descriptor, interest: interest, datum: ChannelTable.datum(of: channel))
        } catch {
            channels.remove(channel)
            throw error
        }
        channel.interest = interest
        // One that was set before: only now does the channel have the datum under which timers find it.
        setDeadline(channel.deadline, for: channel)
    }

    /// Changes what the loop watches `channel` for.
    package func update(_ channel: Channel, for interest: ReadyEvents) {
        assertOnLoop()
        guard channel.interest != interest else { return }
        channel.interest = interest
        poller.modify(channel.descriptor, interest: interest, datum: ChannelTable.datum(of: channel))
    }

    /// Stops watching `channel` and lets go of it. Its descriptor is still open and is the caller's to close.
    package func deregister(_ channel: Channel) {
        assertOnLoop()
        poller.remove(channel.descriptor)
        channels.remove(channel)
        channel.generation = 0
        channel.interest = []
        channel.deadline = .distantFuture
        channel.armedDeadline = .distantFuture
    }

    /// Calls `channel.deadlinePassed()` once `deadline` has come; replaces the deadline set before.
    ///
    /// O(1) when the deadline moves later, as it does with every byte of traffic: the entry in the heap stays where it is and
    /// finds out when it comes up.
    package func setDeadline(_ deadline: Instant, for channel: Channel) {
        assertOnLoop()
        channel.deadline = deadline
        guard channel.generation != 0 else { return }
        if deadline < channel.armedDeadline {
            channel.armedDeadline = deadline
            timers.insert(deadline: deadline, datum: ChannelTable.datum(of: channel))
        }
    }

    func fireChannelTimer(_ entry: DeadlineHeap.Entry, now: Instant) {
        guard let channel = channels.channel(for: entry.datum), channel.armedDeadline == entry.deadline else { return }
        channel.armedDeadline = .distantFuture
        if channel.deadline <= now {
            channel.deadline = .distantFuture
            channel.deadlinePassed()
        } else if channel.deadline != .distantFuture {
            setDeadline(channel.deadline, for: channel)
        }
    }
}
