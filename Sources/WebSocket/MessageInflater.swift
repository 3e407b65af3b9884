internal import CZlib
internal import PylonBytes

/// Inflates the messages of permessage-deflate (RFC 7692 §7.2.2), each by itself, for all connections of one event loop: a
/// connection needs it only for a moment.
///
/// Holds 7 KiB, the window of 32 KiB from the first message on, and up to ``keptBytesMaximum`` of output. Not thread-safe.
package final class MessageInflater {
    /// A larger output buffer is given back behind its message: 64 KiB, as much as a loop reads at once.
    package static let keptBytesMaximum = 64 << 10

    // zlib's state points back at it: it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private var output = ByteBuffer()
    /// The number of messages inflated.
    package private(set) var messagesTotal: UInt64 = 0

    /// An inflater for peers with any window.
    package init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = czlib_inflate_init(stream, -MAX_WBITS)
        guard status == Z_OK else { fatalError("inflateInit2: \(status)") }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// The heap memory of the output.
    package var bufferedBytes: Int { output.capacityBytes }

    /// The message whose compressed form, put together from its frames, is `payload` (less than 4 GiB). The result is valid until
    /// the inflater is used again, ``release()`` included.
    ///
    /// Throws `messageTooBig` as soon as more than `limit` bytes have come out, whatever is left of `payload`, and
    /// `invalidCompression` for what is no deflate stream or not a whole one.
    package func inflate(_ payload: UnsafeRawBufferPointer, limit: Int) throws(WebSocketError) -> UnsafeRawBufferPointer
    {
        release()
        inflateReset(stream)
        do throws(WebSocketError) {
            try feed(payload, limit: limit)
            // What the sender took away (§7.2.1): 00 00 FF FF.
            try withUnsafeBytes(of: UInt32(0xFFFF_0000).littleEndian) { (tail) throws(WebSocketError) in
                try feedTail(tail, limit: limit)
            }
        } catch {
            release()
            throw error
        }
        messagesTotal += 1
        return output.withUnsafeBytes { $0 }
    }

    /// Forgets the last message and gives its memory back if it was large. Whoever has used the message calls it.
    package func release() {
        if output.capacityBytes > Self.keptBytesMaximum { output.releaseMemory() } else { output.removeAll() }
    }

    private func feed(_ bytes: UnsafeRawBufferPointer, limit: Int) throws(WebSocketError) {
        take(bytes)
        repeat {
            // §7.2.3.4: blocks with BFINAL set end a stream, not a message. What follows is a stream of its own.
            if try step(limit: limit) == Z_STREAM_END { inflateReset(stream) }
        } while stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0
    }

    /// Everything that the payload says has come out already: its end has to be the header of an empty block, whose rest this is.
    private func feedTail(_ tail: UnsafeRawBufferPointer, limit: Int) throws(WebSocketError) {
        take(tail)
        let status = try step(limit: limit)
        guard stream.pointee.avail_in == 0 else { throw .invalidCompression }
        // The empty block itself may be the last of a stream. Otherwise zlib says by 128, and no unused bits beside it, that it
        // stands right behind a block.
        guard status == Z_STREAM_END || stream.pointee.data_type == 128 else { throw .invalidCompression }
    }

    private func take(_ bytes: UnsafeRawBufferPointer) {
        // zlib only reads from it; its declaration lacks the const.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(bytes.count)
    }

    /// Lets out as much as there is room for; the room grows with what has come out, never with what was announced.
    private func step(limit: Int) throws(WebSocketError) -> Int32 {
        // One byte beyond the limit shows that it is passed.
        let allowance = limit + 1 - output.count
        var status = Z_OK
        output.withSpareCapacity(min(allowance, 4096)) { spare in
            let room = UInt32(clamping: min(allowance, spare.count))
            stream.pointee.next_out = spare.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = room
            status = CZlib.inflate(stream, Z_SYNC_FLUSH)
            return Int(room - stream.pointee.avail_out)
        }
        if output.count > limit { throw .messageTooBig }
        switch status {
        // Z_BUF_ERROR: there was nothing left to do.
        case Z_OK, Z_STREAM_END, Z_BUF_ERROR: return status
        case Z_MEM_ERROR: fatalError("out of memory")
        default: throw .invalidCompression
        }
    }
}
