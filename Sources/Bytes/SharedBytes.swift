internal import Glibc

/// Immutable bytes in one allocation, shared by reference: made once, sent to thousands.
public final class SharedBytes: @unchecked Sendable {
    // Safety: the bytes are written during initialisation only and never change afterwards.

    @usableFromInline let base: UnsafeMutableRawPointer
    /// How many bytes there are.
    public let count: Int

    /// Lets `write` fill `count` bytes; it must initialise all of them.
    public init(count: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void) {
        base = .allocate(byteCount: max(count, 1), alignment: 16)
        self.count = count
        write(UnsafeMutableRawBufferPointer(start: base, count: count))
    }

    /// Copies `bytes`.
    public convenience init(_ bytes: UnsafeRawBufferPointer) {
        self.init(count: bytes.count) { $0.copyMemory(from: bytes) }
    }

    deinit {
        base.deallocate()
    }

    /// The bytes, valid while this object lives.
    @inlinable
    @inline(__always)
    public var unsafeBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}
