internal import Glibc
internal import PylonBytes

/// A server-sent event stream's events out of bytes in any portions. Only what the benchmark needs is read: the `id`
/// as a number and the first `data` line; comments and other fields are skipped.
package struct EventStream: ~Copyable {
    package struct Event {
        package var identifier: UInt64?
        /// Valid during the call only.
        package var data: UnsafeRawBufferPointer?
    }

    private var unfinished = ByteBuffer()

    package init() {}

    package mutating func read(_ bytes: UnsafeRawBufferPointer, _ handle: (Event) -> Void) {
        if unfinished.isEmpty {
            let used = Self.scan(bytes, handle)
            if used < bytes.count { unfinished.append(UnsafeRawBufferPointer(rebasing: bytes[used...])) }
        } else {
            unfinished.append(bytes)
            unfinished.consume(unfinished.withUnsafeBytes { Self.scan($0, handle) })
        }
    }

    /// Hands over every complete event and returns how many bytes they took.
    private static func scan(_ bytes: UnsafeRawBufferPointer, _ handle: (Event) -> Void) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        var used = 0
        var lineStart = 0
        var event = Event()
        while lineStart < bytes.count,
            let found = memchr(base + lineStart, Int32(UInt8(ascii: "\n")), bytes.count - lineStart)
        {
            let newline = UnsafeRawPointer(found) - base
            let hasReturn = newline > lineStart && bytes[newline - 1] == UInt8(ascii: "\r")
            let line = UnsafeRawBufferPointer(rebasing: bytes[lineStart..<(hasReturn ? newline - 1 : newline)])
            lineStart = newline + 1
            if line.isEmpty {
                if event.identifier != nil || event.data != nil { handle(event) }
                event = Event()
                used = lineStart
            } else {
                read(line, into: &event)
            }
        }
        return used
    }

    private static func read(_ line: UnsafeRawBufferPointer, into event: inout Event) {
        if let value = value(of: "data:", in: line) {
            if event.data == nil { event.data = value }
        } else if let value = value(of: "id:", in: line) {
            event.identifier = Decimal.leading(value)
        }
    }

    private static func value(of field: StaticString, in line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let length = field.utf8CodeUnitCount
        guard line.count >= length, let base = line.baseAddress, memcmp(base, field.utf8Start, length) == 0 else {
            return nil
        }
        let hasSpace = line.count > length && line[length] == UInt8(ascii: " ")
        return UnsafeRawBufferPointer(rebasing: line[(hasSpace ? length + 1 : length)...])
    }
}
