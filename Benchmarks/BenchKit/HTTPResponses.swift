internal import Glibc
internal import PylonBytes

/// The client's end of an HTTP/1.1 connection: responses (RFC 9112) out of bytes in any portions, in the order of their requests.
///
/// Bodies are measured and not kept. Only what a benchmark's servers send is understood: a Content-Length or chunks, no interim
/// responses, no bodies that the connection's end ends.
package struct HTTPResponses: ~Copyable {
    /// A response that has come to its end.
    package struct Response: Equatable {
        package var status: Int
        package var bodyBytes: Int

        package init(status: Int, bodyBytes: Int) {
            self.status = status
            self.bodyBytes = bodyBytes
        }
    }

    private enum State {
        case head
        /// So many bytes of the body are still to come.
        case body(Int)
        case chunks(ChunkedBody)
        /// The bytes are no response.
        case broken
    }

    private static let headBytesMaximum = 16 * 1024

    private var state = State.head
    private var current = Response(status: 0, bodyBytes: 0)
    private var unfinishedHead = ByteBuffer()

    package init() {}

    /// Whether something came that is no response: nothing more is read.
    package var isBroken: Bool { if case .broken = state { true } else { false } }

    /// Takes what was received and hands over every response that has ended.
    package mutating func read(_ bytes: UnsafeRawBufferPointer, _ handle: (Response) -> Void) {
        var rest = bytes
        while !rest.isEmpty, !isBroken {
            switch state {
            case .head:
                let used = readHead(rest)
                rest = UnsafeRawBufferPointer(rebasing: rest[used...])
            case .body(let remaining):
                let length = min(remaining, rest.count)
                state = .body(remaining - length)
                rest = UnsafeRawBufferPointer(rebasing: rest[length...])
            case .chunks(var chunks):
                var length = 0
                let used = chunks.read(rest) { length += $0.count }
                current.bodyBytes += length
                state = chunks.isInvalid ? .broken : chunks.isOver ? .body(0) : .chunks(chunks)
                rest = UnsafeRawBufferPointer(rebasing: rest[used...])
            case .broken: return
            }
            if case .body(0) = state {
                handle(current)
                state = .head
            }
        }
    }

    /// Reads up to the end of a head and returns how many of the bytes that took.
    private mutating func readHead(_ bytes: UnsafeRawBufferPointer) -> Int {
        if unfinishedHead.isEmpty {
            if let end = Self.endOfHead(bytes) {
                begin(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
                return end
            }
            unfinishedHead.append(bytes)
        } else {
            let before = unfinishedHead.count
            unfinishedHead.append(bytes)
            if let end = unfinishedHead.withUnsafeBytes(Self.endOfHead) {
                let head = unfinishedHead.copyBytes()
                unfinishedHead.consume(head.count)
                head.withUnsafeBytes { begin(UnsafeRawBufferPointer(rebasing: $0[..<end])) }
                return end - before
            }
        }
        if unfinishedHead.count > Self.headBytesMaximum { state = .broken }
        return bytes.count
    }

    /// How long the head is, its empty line included; nil when that has not come yet.
    private static func endOfHead(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        var start = 0
        while start < bytes.count, let found = memchr(base + start, Int32(UInt8(ascii: "\n")), bytes.count - start) {
            let newline = UnsafeRawPointer(found) - base
            if newline == start || (newline == start + 1 && bytes[start] == UInt8(ascii: "\r")) { return newline + 1 }
            start = newline + 1
        }
        return nil
    }

    private mutating func begin(_ head: UnsafeRawBufferPointer) {
        let version: StaticString = "HTTP/1.1 "
        let prefix = version.utf8CodeUnitCount
        guard head.count > prefix, Self.hasPrefix(head, version),
            let status = Decimal.leading(UnsafeRawBufferPointer(rebasing: head[prefix...])), 200..<600 ~= status
        else {
            state = .broken
            return
        }
        current = Response(status: Int(status), bodyBytes: 0)
        if let length = Self.value(of: "content-length:", in: head).flatMap(Decimal.leading), length < 1 << 40 {
            current.bodyBytes = Int(length)
            state = .body(Int(length))
        } else if Self.value(of: "transfer-encoding:", in: head) != nil {
            state = .chunks(ChunkedBody())
        } else {
            state = status == 204 || status == 304 ? .body(0) : .broken
        }
    }

    /// What stands behind a field's colon and blanks; the field's name in lower case.
    private static func value(of field: StaticString, in head: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard let base = head.baseAddress else { return nil }
        var start = 0
        while let found = memchr(base + start, Int32(UInt8(ascii: "\n")), head.count - start) {
            let line = UnsafeRawBufferPointer(rebasing: head[start..<UnsafeRawPointer(found) - base])
            if hasPrefix(line, field) {
                let value = line.dropFirst(field.utf8CodeUnitCount).drop { $0 == UInt8(ascii: " ") }
                return UnsafeRawBufferPointer(rebasing: value)
            }
            start = UnsafeRawPointer(found) - base + 1
            if start == head.count { return nil }
        }
        return nil
    }

    /// Whether `bytes` begin with `prefix`, apart from the case of letters.
    private static func hasPrefix(_ bytes: UnsafeRawBufferPointer, _ prefix: StaticString) -> Bool {
        let length = prefix.utf8CodeUnitCount
        guard bytes.count >= length, let base = bytes.baseAddress else { return false }
        return strncasecmp(base, prefix.utf8Start, length) == 0
    }
}
