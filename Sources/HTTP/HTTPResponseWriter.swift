package import PylonBytes

/// Writes one response into a connection's outbound buffer (RFC 9112).
///
/// It decides what must not be left to handlers: Content-Length or chunks, Date, Connection, and whether a body may be
/// there at all. Handlers' own fields of these names are not written.
package struct HTTPResponseWriter: Sendable {
    /// How the body of a stream travels.
    private enum Streaming {
        case none
        case chunked
        /// Content-Length has been announced: the bytes follow as they are.
        case counted
        /// HTTP/1.0: the end of the connection ends the body.
        case untilClose
        /// HEAD: nothing is sent.
        case discarded
    }

    /// Whether the connection may serve another request once the response is written. Known after ``write``.
    package private(set) var keepsAlive: Bool

    private let version: HTTPVersion
    private let isHead: Bool
    private var streaming = Streaming.none

    /// A writer for the response to `head`.
    package init(answering head: HTTPRequestHead) {
        self.init(version: head.version, isHead: head.method == .head, keepsAlive: head.keepsAlive)
    }

    /// A writer for a response to a request that was not understood: the connection closes.
    package init() {
        self.init(version: .http11, isHead: false, keepsAlive: false)
    }

    package init(version: HTTPVersion, isHead: Bool, keepsAlive: Bool) {
        self.version = version
        self.isHead = isHead
        self.keepsAlive = keepsAlive
    }

    /// Asks the client to send the body it announced with `Expect: 100-continue`.
    package static func writeContinue(into out: inout ByteBuffer) {
        out.append("HTTP/1.1 100 Continue\r\n\r\n")
    }

    /// Writes head and body. After a `.stream` or `.pieces` body has been announced, the chunk functions write it, and also one of a known
    /// length where `writesBody` is false.
    ///
    /// `date` is the text of ``HTTPDate``, which the caller renews once a second; `common` goes into every response.
    package mutating func write(
        _ response: borrowing HTTPResponse, date: String, common: HTTPFieldBlock = HTTPFieldBlock(),
        writesBody: Bool = true, into out: inout ByteBuffer
    ) {
        let status = response.status
        out.append("HTTP/1.1 ")
        out.append(decimal: status.code)
        out.append(UInt8(ascii: " "))
        out.append(status.reason)
        out.append("\r\nDate: ")
        out.append(date)
        out.append("\r\n")
        for (name, value) in response.fields.lines
        where !name.belongsToWriter || (status == .switchingProtocols && name == .connection) {
            out.append(name.text)
            out.append(": ")
            out.append(value)
            out.append("\r\n")
        }
        out.append(common.bytes)
        writeFraming(of: response.body, status, into: &out)
        if response.closesConnection { keepsAlive = false }
        if status != .switchingProtocols { writeConnection(into: &out) }
        out.append("\r\n")
        guard !isHead, !status.forbidsBody else { return }
        if writesBody {
            Self.write(response.body, into: &out)
        } else if case .none = streaming {
            streaming = .counted
        }
    }

    /// Begins a chunk of `length` bytes, which the caller appends next. Not for empty chunks: those end the body.
    package func beginChunk(_ length: Int, into out: inout ByteBuffer) {
        precondition(length > 0, "an empty chunk ends the body")
        guard case .chunked = streaming else { return }
        out.append(hexadecimal: UInt(length))
        out.append("\r\n")
    }

    /// Ends a chunk behind its bytes.
    package func endChunk(into out: inout ByteBuffer) {
        if case .chunked = streaming { out.append("\r\n") }
    }

    /// Writes `bytes` as one chunk; none of them, none written.
    package func writeChunk(_ bytes: Span<UInt8>, into out: inout ByteBuffer) {
        guard bytes.count > 0, sendsBody else { return }
        beginChunk(bytes.count, into: &out)
        out.append(bytes)
        endChunk(into: &out)
    }

    /// Ends a streamed body.
    package mutating func lastChunk(into out: inout ByteBuffer) {
        if case .chunked = streaming { out.append("0\r\n\r\n") }
        streaming = .none
    }

    /// Whether the bytes of a streamed body are to be sent; the answer to HEAD has none.
    package var sendsBody: Bool {
        switch streaming {
        case .chunked, .counted, .untilClose: true
        case .none, .discarded: false
        }
    }

    private mutating func writeFraming(of body: borrowing HTTPBody, _ status: HTTPStatus, into out: inout ByteBuffer) {
        guard !status.forbidsBody else { return }
        if let count = body.count {
            out.append("Content-Length: ")
            out.append(decimal: count)
            out.append("\r\n")
        } else if version == .http10 {
            streaming = isHead ? .discarded : .untilClose
            keepsAlive = keepsAlive && isHead
        } else {
            streaming = isHead ? .discarded : .chunked
            out.append("Transfer-Encoding: chunked\r\n")
        }
    }

    /// Says only what is not the default of the client's version.
    private func writeConnection(into out: inout ByteBuffer) {
        if !keepsAlive {
            out.append("Connection: close\r\n")
        } else if version == .http10 {
            out.append("Connection: keep-alive\r\n")
        }
    }

    private static func write(_ body: borrowing HTTPBody, into out: inout ByteBuffer) {
        switch body {
        case .empty, .stream, .pieces: break
        case .bytes(let bytes): out.append(bytes)
        case .shared(let bytes): out.append(bytes.unsafeBytes)
        case .joined(let parts): for part in parts { write(part, into: &out) }
        case .text(let text): out.append(text)
        case .literal(let literal): out.append(literal)
        }
    }
}

extension HTTPFieldName {
    /// Whether only the writer may set the field.
    var belongsToWriter: Bool {
        switch text.utf8.count {
        case 4: self == .date
        case 10: self == .connection
        case 14: self == .contentLength
        case 17: self == .transferEncoding
        default: false
        }
    }
}
