internal import CZlib
package import PylonBytes

/// Compresses messages for permessage-deflate (RFC 7692 §7.2.1), each by itself: nothing of one message is referred to in the
/// next, so that one compression serves everybody who negotiated the extension.
///
/// Holds 38 KiB from the start and allocates nothing afterwards. It belongs to one thread; each loop or worker has its own.
///
/// ```swift
/// if deflater.compress(tickHeader, snapshot, into: &output) { … } else { /* send it as it is */ }
/// ```
package final class MessageDeflater {
    /// The window is 4 KiB. That satisfies clients with little memory too (`server_max_window_bits=12`), and JSON repeats itself
    /// at short distance: with 15 bits, 64 KiB come out as large as with 12.
    package static let windowBits = 12

    /// The level that is used unless asked otherwise. Measured with zlib 1.2.13 on JSON, window 12, memory level 5:
    /// 512 B take 5.6 µs (to 45%) at level 1 and 6.5 µs (to 41%) at level 6, 4 KiB take 18 µs (35%) and 44 µs (30%).
    package static let levelStandard: Int32 = 1

    /// A target that is this much longer than the payload holds whatever is worth sending: the end of the flush, which is
    /// taken away again.
    package static let slackBytes = 4

    // 2^9 entries of lookup and 2^(5+6) symbols a block: the tables that are cleared before each message have 8 KiB, instead of the
    // 64 KiB of zlib's standard, which cost 1.2 µs.
    private static let memoryLevel: Int32 = 5

    // zlib's state points back at it: it must not move.
    private let stream: UnsafeMutablePointer<z_stream>

    /// A compressor; `level` is zlib's, 1 (fastest) to 9.
    package init(level: Int32 = levelStandard) {
        precondition((1...9).contains(level), "a compression level is 1 to 9")
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = czlib_deflate_init(stream, level, -Int32(Self.windowBits), Self.memoryLevel)
        guard status == Z_OK else { fatalError("deflateInit2: \(status)") }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Compresses `first` and `second` as one message to the front of `target` and returns the number of bytes; nil when that
    /// would not be less than the message has, or does not fit. Then `target` holds rubbish and the message goes out as it is.
    ///
    /// The frame that carries it has RSV1 set. `target` may not overlap the message; see ``slackBytes`` for its size.
    package func compress(
        _ first: UnsafeRawBufferPointer,
        _ second: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        to target: UnsafeMutableRawBufferPointer
    ) -> Int? {
        let count = first.count + second.count
        // One byte stays free if it was worth it: a flush that fills its target may not be complete.
        let room = min(target.count, count + Self.slackBytes)
        guard count > 0, let room = UInt32(exactly: room) else { return nil }
        deflateReset(stream)
        stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = room
        guard feed(first, flush: Z_NO_FLUSH), feed(second, flush: Z_SYNC_FLUSH), stream.pointee.avail_out > 0 else {
            return nil
        }
        let written = Int(room - stream.pointee.avail_out)
        assert(target[(written - 4)..<written].elementsEqual([0, 0, 0xFF, 0xFF]), "no flush at the end")
        return written - 4
    }

    /// Appends the compressed form of `first` and `second`, as one message, to `output`; false, and `output` as it was, when that
    /// would not be less than the message has.
    package func compress(
        _ first: UnsafeRawBufferPointer,
        _ second: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        into output: inout ByteBuffer
    ) -> Bool {
        var isSmaller = false
        output.withSpareCapacity(first.count + second.count + Self.slackBytes) { spare in
            guard let count = compress(first, second, to: spare) else { return 0 }
            isSmaller = true
            return count
        }
        return isSmaller
    }

    /// Whether all of `bytes` was taken, which fails only for want of room.
    private func feed(_ bytes: UnsafeRawBufferPointer, flush: Int32) -> Bool {
        if bytes.isEmpty, flush == Z_NO_FLUSH { return true }
        // zlib only reads from it; its declaration lacks the const.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(bytes.count)
        return deflate(stream, flush) == Z_OK && stream.pointee.avail_in == 0
    }
}
