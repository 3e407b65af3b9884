import Glibc
import PylonEventLoop

/// A channel on the reading end of a pipe, with closures for what it is told.
final class PipeChannel: Channel {
    private(set) var writingEnd: Int32
    var onReady: (PipeChannel) -> Void = { _ in }
    var onDeadline: (PipeChannel) -> Void = { _ in }
    var onFlush: (PipeChannel) -> Void = { _ in }
    private var isOpen = true

    init(loop: EventLoop) {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0)
        writingEnd = ends[1]
        super.init(descriptor: ends[0], loop: loop)
    }

    deinit {
        if isOpen { Glibc.close(descriptor) }
        Glibc.close(writingEnd)
    }

    override func ready(_ events: ReadyEvents) { onReady(self) }
    override func deadlinePassed() { onDeadline(self) }
    override func flush() { onFlush(self) }

    func writeByte() {
        var byte: UInt8 = 1
        _ = write(writingEnd, &byte, 1)
    }

    func readByte() {
        var byte: UInt8 = 0
        _ = read(descriptor, &byte, 1)
    }

    /// Deregisters and frees the descriptor's number for the next to open.
    func closeNow() {
        loop.deregister(self)
        isOpen = false
        Glibc.close(descriptor)
    }
}
