/// Reads HTTP/1.1 and HTTP/1.0 requests (RFC 9110, RFC 9112), strictly: what two servers could understand in two ways
/// is an error, never a guess.
///
/// The caller owns the read buffer. It calls ``next(_:)`` with all unread bytes, drops as many as were consumed, acts
/// on the event and calls again until the answer is `needMore`. Bytes that were not consumed must be the first of the
/// next call. A head is consumed as a whole when it is complete; the parser remembers what it has looked at, so bytes
/// that trickle in one by one still cost linear time. At most one head of memory is held.
///
/// After `head` the caller may stop using the parser: the bytes behind an upgraded request belong to the new protocol.
package struct HTTPRequestParser: Sendable {
    /// What comes next in the input.
    private enum Phase {
        /// Empty lines, then a request line; the count says how many bytes of empty lines were dropped.
        case idle(emptyLineBytes: Int)
        /// The request line, which begins the input.
        case requestLine
        /// A field line or the empty line.
        case fields
        /// This many bytes of body.
        case fixedBody(remaining: Int, isChecked: Bool)
        /// A chunked body.
        case chunkedBody(HTTPChunkParser)
        /// An error was reported.
        case failed(HTTPParseError)
    }

    /// The limits of every request on this connection.
    package let limits: HTTPLimits

    /// The greatest body accepted for the request whose head was reported last. Set it after `head` and before the
    /// next call; each new head brings back the default of ``limits``.
    package var bodyBytesMaximum: Int

    private var phase = Phase.idle(emptyLineBytes: 0)
    private var draft = HTTPHeadDraft()
    /// Where the line being read begins, counted from the request line.
    private var lineStart = 0
    /// Bytes before this index hold no end of the line being read.
    private var scanned = 0
    /// Where the header section ends at the latest.
    private var headEndMaximum = 0

    /// A parser that stands before the first request of a connection.
    package init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
        bodyBytesMaximum = limits.bodyBytesMaximum
    }

    /// Whether the parser stands between two requests: the connection may be closed without cutting one off.
    package var isIdle: Bool {
        if case .idle = phase { true } else { false }
    }

    /// Looks at the unread bytes, and says how many of them are done with and what they mean.
    package mutating func next(_ input: Span<UInt8>) -> (consumed: Int, event: HTTPRequestEvent) {
        input.withUnsafeBufferPointer { bytes in
            do throws(HTTPParseError) {
                return try advance(bytes)
            } catch {
                phase = .failed(error)
                return (0, .failure(error))
            }
        }
    }

    private mutating func advance(
        _ bytes: UnsafeBufferPointer<UInt8>
    ) throws(HTTPParseError) -> (consumed: Int, event: HTTPRequestEvent) {
        switch phase {
        case .idle(let emptyLineBytes):
            guard let skipped = try skipEmptyLines(bytes, emptyLineBytes) else { return (0, .needMore) }
            if case .idle = phase { return (skipped, .needMore) }
            let (consumed, event) = try readHead(UnsafeBufferPointer(rebasing: bytes[skipped...]))
            return (skipped + consumed, event)
        case .requestLine, .fields:
            return try readHead(bytes)
        case .fixedBody(let remaining, let isChecked):
            return try readFixedBody(bytes, remaining, isChecked)
        case .chunkedBody(var chunks):
            let step = try chunks.next(bytes, limits, bodyBytesMaximum)
            phase = .chunkedBody(chunks)
            if case .end = step.event { phase = .idle(emptyLineBytes: 0) }
            return step
        case .failed(let error):
            throw error
        }
    }

    /// Drops CRLFs before a request line and enters it; nil and stays put when there is nothing to look at.
    private mutating func skipEmptyLines(
        _ bytes: UnsafeBufferPointer<UInt8>, _ dropped: Int
    ) throws(HTTPParseError) -> Int? {
        guard let first = bytes.first else { return nil }
        if dropped == 0, first != HTTPSyntax.carriageReturn {
            enterRequestLine()
            return 0
        }
        var index = 0
        while index < bytes.count {
            let isSecond = (dropped + index) % 2 == 1
            if isSecond {
                guard bytes[index] == HTTPSyntax.lineFeed else { throw .malformed(.lineEnd) }
            } else if bytes[index] != HTTPSyntax.carriageReturn {
                enterRequestLine()
                return index
            } else if (dropped + index) / 2 == limits.emptyLinesMaximum {
                throw .malformed(.emptyLines)
            }
            index += 1
        }
        phase = .idle(emptyLineBytes: dropped + index)
        return index
    }

    private mutating func enterRequestLine() {
        phase = .requestLine
        draft = HTTPHeadDraft()
        lineStart = 0
        scanned = 0
    }

    /// Reads lines as far as they are complete. Each line is tried once at first sight and then only when a new
    /// control character has arrived, so no byte is looked at more than a few times.
    private mutating func readHead(
        _ bytes: UnsafeBufferPointer<UInt8>
    ) throws(HTTPParseError) -> (consumed: Int, event: HTTPRequestEvent) {
        if case .requestLine = phase {
            let maximum = limits.requestLineBytesMaximum + 2
            let end = min(bytes.count, maximum)
            guard isWorthTrying(bytes, end, maximum) else { return (0, .needMore) }
            guard let next = try draft.takeRequestLine(bytes, end) else {
                if end == maximum { throw .targetTooLong }
                scanned = end
                return (0, .needMore)
            }
            lineStart = next
            headEndMaximum = next + limits.headerSectionBytesMaximum
            phase = .fields
        }
        let end = min(bytes.count, headEndMaximum)
        guard isWorthTrying(bytes, end, headEndMaximum) else { return (0, .needMore) }
        while lineStart < end {
            if bytes[lineStart] == HTTPSyntax.carriageReturn {
                guard lineStart + 1 < end else { break }
                guard bytes[lineStart + 1] == HTTPSyntax.lineFeed else { throw .malformed(.lineEnd) }
                return try finishHead(UnsafeBufferPointer(rebasing: bytes[..<(lineStart + 2)]))
            }
            guard let next = try draft.takeField(bytes, from: lineStart, end, limits) else { break }
            lineStart = next
        }
        if end == headEndMaximum { throw .headersTooLarge }
        scanned = end
        return (0, .needMore)
    }

    /// Whether the line being read may be complete or broken now: it was not tried yet, it has reached its limit, or a
    /// control character has arrived since.
    private mutating func isWorthTrying(_ bytes: UnsafeBufferPointer<UInt8>, _ end: Int, _ maximum: Int) -> Bool {
        guard scanned > lineStart, end < maximum else { return true }
        // From one byte before: behind a CR every byte matters.
        if HTTPSyntax.firstControl(bytes, from: scanned - 1, to: end) < end { return true }
        scanned = end
        return false
    }

    private mutating func finishHead(
        _ bytes: UnsafeBufferPointer<UInt8>
    ) throws(HTTPParseError) -> (consumed: Int, event: HTTPRequestEvent) {
        let head = try draft.finish(bytes)
        bodyBytesMaximum = limits.bodyBytesMaximum
        phase =
            head.isChunked
            ? .chunkedBody(HTTPChunkParser()) : .fixedBody(remaining: head.contentLength ?? 0, isChecked: false)
        return (bytes.count, .head(head))
    }

    private mutating func readFixedBody(
        _ bytes: UnsafeBufferPointer<UInt8>, _ remaining: Int, _ isChecked: Bool
    ) throws(HTTPParseError) -> (consumed: Int, event: HTTPRequestEvent) {
        if !isChecked, remaining > bodyBytesMaximum { throw .payloadTooLarge(bytesMaximum: bodyBytesMaximum) }
        guard remaining > 0 else {
            phase = .idle(emptyLineBytes: 0)
            return (0, .end)
        }
        let length = min(remaining, bytes.count)
        phase = .fixedBody(remaining: remaining - length, isChecked: true)
        return length == 0 ? (0, .needMore) : (length, .body(0..<length))
    }
}
