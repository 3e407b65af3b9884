internal import Glibc

/// Bytes in one buffer, shared by reference: made once, sent to thousands.
public final class SharedBytes: @unchecked Sendable {
    // Safety: the bytes are written during initialisation, and by `refill`, whose caller holds the only reference.

    @usableFromInline let base: UnsafeMutableRawPointer
    private let capacity: Int
    /// What holds the bytes when they were taken over; else they are this object's own.
    private let source: ByteBuffer?
    private let isOwner: Bool
    /// How many bytes there are.
    public private(set) var count: Int

    /// Lets `write` fill `count` bytes; it must initialise all of them.
    public init(count: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void) {
        capacity = max(count, 1)
        base = .allocate(byteCount: capacity, alignment: 16)
        source = nil
        isOwner = true
        self.count = count
        write(UnsafeMutableRawBufferPointer(start: base, count: count))
    }

    /// Copies `bytes`.
    public convenience init(_ bytes: UnsafeRawBufferPointer) {
        self.init(count: bytes.count) { $0.copyMemory(from: bytes) }
    }

    /// Takes over the unread bytes of `buffer`, without copying them.
    package init(_ buffer: consuming ByteBuffer) {
        buffer.reserve(1)
        base = buffer.withUnsafeMutableBytes { $0.baseAddress.unsafelyUnwrapped }
        // Not to be refilled: it would be twice as large as needed for good.
        capacity = 0
        count = buffer.count
        source = consume buffer
        isOwner = false
    }

    deinit {
        // What was taken over goes with its buffer.
        if isOwner { base.deallocate() }
    }

    /// The bytes, valid while this object lives.
    @inlinable
    @inline(__always)
    public var unsafeBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Makes `shared` hold `count` bytes that `write` fills: in place when nobody else has a reference and the buffer is large enough and
    /// not four times too large, else in a new object with an eighth to spare.
    ///
    /// A stream of snapshots that all readers keep up with thus allocates nothing.
    package static func refill(
        _ shared: inout SharedBytes?, count: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        if isKnownUniquelyReferenced(&shared), let bytes = shared, bytes.capacity >= count,
            bytes.capacity / 4 <= count + 256
        {
            bytes.count = count
            write(UnsafeMutableRawBufferPointer(start: bytes.base, count: count))
        } else {
            let bytes = SharedBytes(capacity: count + count / 8)
            bytes.count = count
            write(UnsafeMutableRawBufferPointer(start: bytes.base, count: count))
            shared = bytes
        }
    }

    private init(capacity: Int) {
        self.capacity = max(capacity, 1)
        base = .allocate(byteCount: self.capacity, alignment: 16)
        source = nil
        isOwner = true
        count = 0
    }
}
