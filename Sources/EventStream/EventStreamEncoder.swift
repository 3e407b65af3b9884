package import PylonBytes

/// Writes server-sent events (WHATWG HTML §9.2) as UTF-8 lines that end in LF.
///
/// A field's value cannot break out of its line: data is split into one `data:` line for each of its own, names and
/// identifiers are types that hold no line break.
package enum EventStreamEncoder {
    /// The value of `Content-Type` for a stream.
    package static let contentType = "text/event-stream"

    /// Appends one event. `data` is UTF-8 and may span lines, which end in LF, CR LF or CR; the reader sees LF.
    ///
    /// Empty data is an event too: its handler gets an empty string.
    package static func writeEvent(
        id: EventID? = nil, name: EventName? = nil, data: UnsafeRawBufferPointer, into output: inout ByteBuffer
    ) {
        if let id { writeField("id: ", id.text, into: &output) }
        if let name { writeField("event: ", name.text, into: &output) }
        writeData(data, into: &output)
        output.append(UInt8(ascii: "\n"))
    }

    /// Appends one event whose id is a number, such as a tick or a cursor; makes no string.
    package static func writeEvent(
        id: UInt64, name: EventName? = nil, data: UnsafeRawBufferPointer, into output: inout ByteBuffer
    ) {
        output.append("id: ")
        output.append(decimal: id)
        output.append(UInt8(ascii: "\n"))
        writeEvent(name: name, data: data, into: &output)
    }

    /// Appends one event; see ``writeEvent(id:name:data:into:)-(EventID?,_,UnsafeRawBufferPointer,_)``.
    package static func writeEvent(
        id: EventID? = nil, name: EventName? = nil, data: String, into output: inout ByteBuffer
    ) {
        var data = data
        data.withUTF8 { writeEvent(id: id, name: name, data: UnsafeRawBufferPointer($0), into: &output) }
    }

    /// Appends a comment, which readers skip: a sign of life for proxies and for the sender's own socket. Lines of
    /// `text` become comments of their own.
    package static func writeComment(_ text: String, into output: inout ByteBuffer) {
        var text = text
        text.withUTF8 { writeLines(": ", UnsafeRawBufferPointer($0), into: &output) }
        output.append(UInt8(ascii: "\n"))
    }

    /// Appends the time that a reader waits before it reconnects, rounded down to milliseconds and at least 0.
    package static func writeRetry(_ delay: Duration, into output: inout ByteBuffer) {
        let (seconds, attoseconds) = max(delay, .zero).components
        output.append("retry: ")
        output.append(decimal: UInt64(seconds) * 1000 + UInt64(attoseconds / 1_000_000_000_000_000))
        output.append("\n\n")
    }

    /// Appends an id alone: the reader resumes from it, but nothing is dispatched (WHATWG HTML §9.2.6: an empty data buffer).
    package static func writeCursor(_ id: UInt64, into output: inout ByteBuffer) {
        output.append("id: ")
        output.append(decimal: id)
        output.append("\n\n")
    }

    /// Appends what `write` writes as one chunk of a chunked HTTP body (RFC 9112 §7.1). It must write something: an empty chunk would
    /// end the body.
    package static func writeChunk(into output: inout ByteBuffer, _ write: (inout ByteBuffer) -> Void) {
        var text = ByteBuffer()
        write(&text)
        text.withUnsafeBytes { writeChunk($0, into: &output) }
    }

    /// Appends `text` as one chunk of a chunked HTTP body. It must not be empty.
    package static func writeChunk(_ text: UnsafeRawBufferPointer, into output: inout ByteBuffer) {
        assert(!text.isEmpty, "an empty chunk ends the body")
        output.append(hexadecimal: UInt(text.count))
        output.append("\r\n")
        output.append(text)
        output.append("\r\n")
    }

    /// Appends one `data:` line for each line of `data`, without the empty line that ends the event.
    package static func writeData(_ data: UnsafeRawBufferPointer, into output: inout ByteBuffer) {
        // The space keeps a value's own leading space: a reader drops one.
        writeLines("data: ", data, into: &output)
    }

    private static func writeField(_ prefix: StaticString, _ value: String, into output: inout ByteBuffer) {
        output.append(prefix)
        output.append(value)
        output.append(UInt8(ascii: "\n"))
    }

    private static func writeLines(
        _ prefix: StaticString, _ text: UnsafeRawBufferPointer, into output: inout ByteBuffer
    ) {
        var rest = text
        while true {
            let end = lineEnd(rest)
            output.append(prefix)
            output.append(UnsafeRawBufferPointer(rebasing: rest[..<end]))
            output.append(UInt8(ascii: "\n"))
            guard end < rest.count else { return }
            let isPair = rest[end] == UInt8(ascii: "\r") && end + 1 < rest.count && rest[end + 1] == UInt8(ascii: "\n")
            rest = UnsafeRawBufferPointer(rebasing: rest[(end + (isPair ? 2 : 1))...])
        }
    }

    /// The index of the first CR or LF, or the length of `text`.
    private static func lineEnd(_ text: UnsafeRawBufferPointer) -> Int {
        guard let base = text.baseAddress else { return 0 }
        var index = 0
        // Eight bytes a turn: a byte equals CR or LF where the XOR with it is zero, and subtracting one from a zero
        // byte borrows into its high bit. A borrow may also mark a byte behind the first hit, never one before it.
        while text.count - index >= 8 {
            let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let hits = zeroBytes(word ^ 0x0A0A_0A0A_0A0A_0A0A) | zeroBytes(word ^ 0x0D0D_0D0D_0D0D_0D0D)
            if hits != 0 { return index + hits.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < text.count, text[index] != UInt8(ascii: "\n"), text[index] != UInt8(ascii: "\r") { index += 1 }
        return index
    }

    @inline(__always)
    private static func zeroBytes(_ word: UInt64) -> UInt64 {
        (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
    }
}
