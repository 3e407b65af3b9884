internal import Glibc
internal import Pylon

/// One direction of a connection: what was read from `source` and is still on its way to `target`, in order.
struct DelayedFlow {
    /// 1 MiB on its way: then the source is left unread, as a full pipe would.
    private static let bytesMaximum = 1024 * 1024

    let source: Int32
    let target: Int32
    private var segments: [(due: UInt64, bytes: ArraySlice<UInt8>)] = []
    private var bytesCount = 0
    private var dueLast: UInt64 = 0
    /// The source has nothing more to say.
    private var hasEnded = false
    /// The target was told so.
    private(set) var isFinished = false

    init(from source: Int32, to target: Int32) {
        self.source = source
        self.target = target
    }

    var wantsInput: Bool { !hasEnded && bytesCount < Self.bytesMaximum }

    /// When something is due next, nil for never.
    var dueNext: UInt64? { segments.first?.due ?? (hasEnded && !isFinished ? dueLast : nil) }

    /// Whether something is due that the target did not take.
    private(set) var isBlocked = false

    /// Reads what there is; false when the connection is broken.
    mutating func read(now: UInt64, _ conditions: LinkConditions, _ random: inout SeededGenerator) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let count = recv(source, &buffer, buffer.count, 0)
        if count < 0 { return errno == EAGAIN || errno == EINTR }
        // What was sent first arrives first, however lucky its successors are.
        dueLast = max(dueLast, now + conditions.delay(&random))
        if count == 0 {
            hasEnded = true
        } else {
            segments.append((dueLast, buffer[..<count]))
            bytesCount += count
        }
        return true
    }

    /// Hands over what is due; false when the connection is broken.
    mutating func deliver(now: UInt64) -> Bool {
        isBlocked = false
        while let segment = segments.first, segment.due <= now {
            let sent = segment.bytes.withUnsafeBytes { send(target, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent < 0 {
                isBlocked = errno == EAGAIN
                return errno == EAGAIN || errno == EINTR
            }
            bytesCount -= sent
            segments[0].bytes = segment.bytes.dropFirst(sent)
            if segments[0].bytes.isEmpty { segments.removeFirst() }
        }
        if segments.isEmpty, hasEnded, !isFinished, dueLast <= now {
            isFinished = true
            shutdown(target, Int32(SHUT_WR))
        }
        return true
    }
}
