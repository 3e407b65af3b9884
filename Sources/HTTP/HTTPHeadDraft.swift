/// A head being read, line by line. All offsets count from the first byte of the request line.
struct HTTPHeadDraft: Sendable {
    /// Where Connection, Expect and the framing fields left the request.
    struct Traits: OptionSet, Sendable {
        let rawValue: UInt8
        static let host = Traits(rawValue: 1)
        static let chunked = Traits(rawValue: 2)
        static let close = Traits(rawValue: 4)
        static let keepAlive = Traits(rawValue: 8)
        static let expectsContinue = Traits(rawValue: 16)
    }

    private var method = HTTPMethod.get
    private var version = HTTPVersion.http11
    private var target = HTTPTarget()
    private var slots: [HTTPRequestFields.Slot] = []
    private var traits: Traits = []
    private var contentLength: Int?

    /// Reads the request line (RFC 9112 §3): exactly `method SP target SP version CRLF`.
    ///
    /// Returns the index behind the line, or nil when it does not end before `end`.
    mutating func takeRequestLine(_ bytes: UnsafeBufferPointer<UInt8>, _ end: Int) throws(HTTPParseError) -> Int? {
        var index = 0
        while index < end, HTTPSyntax.isToken(bytes[index]) { index &+= 1 }
        guard index < end else { return nil }
        guard bytes[index] == HTTPSyntax.space, index > 0 else { throw .malformed(.method) }
        let methodEnd = index
        index &+= 1
        let targetStart = index
        var mark: Int?
        var hasEscape = false
        while index < end {
            let kind = HTTPSyntax.targetClass(bytes[index])
            if kind == UInt8(ascii: ".") { break }
            if kind != UInt8(ascii: "x") {
                if kind == UInt8(ascii: "%") {
                    hasEscape = true
                } else if mark == nil {
                    mark = index
                }
            }
            index &+= 1
        }
        guard index < end else { return nil }
        guard bytes[index] == HTTPSyntax.space, index > targetStart else { throw .malformed(.target) }
        guard let next = try takeVersion(bytes, from: index &+ 1, end) else { return nil }
        takeMethod(UnsafeBufferPointer(rebasing: bytes[..<methodEnd]))
        if method == .other("CONNECT") { throw .connectNotImplemented }
        target = try HTTPTarget(
            bytes, targetStart..<index, mark: mark, hasEscape: hasEscape, isOptions: method == .options)
        return next
    }

    /// Reads `HTTP/d.d CRLF`; nil when the line does not end before `end`.
    private mutating func takeVersion(
        _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ end: Int
    ) throws(HTTPParseError) -> Int? {
        let pattern: StaticString = "HTTP/0.0\r\n"
        let available = min(end - start, pattern.utf8CodeUnitCount)
        for offset in 0..<max(available, 0) {
            let byte = bytes[start &+ offset]
            let isRight = offset == 5 || offset == 7 ? HTTPSyntax.isDigit(byte) : byte == pattern.utf8Start[offset]
            if !isRight { throw .malformed(offset < 8 ? .version : .lineEnd) }
        }
        guard available == pattern.utf8CodeUnitCount else { return nil }
        guard bytes[start &+ 5] == UInt8(ascii: "1") else { throw .versionNotSupported }
        switch bytes[start &+ 7] {
        case UInt8(ascii: "0"): version = .http10
        case UInt8(ascii: "1"): version = .http11
        default: throw .versionNotSupported
        }
        return start &+ available
    }

    private mutating func takeMethod(_ token: UnsafeBufferPointer<UInt8>) {
        switch (token.count, token[0]) {
        case (3, UInt8(ascii: "G")) where token[1] == UInt8(ascii: "E") && token[2] == UInt8(ascii: "T"): method = .get
        default: method = HTTPMethod(String(decoding: token, as: UTF8.self))
        }
    }

    /// Reads one field line (RFC 9112 §5) that begins at `start`.
    ///
    /// Returns the index behind the line, or nil when it does not end before `end`.
    mutating func takeField(
        _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ end: Int, _ limits: HTTPLimits
    ) throws(HTTPParseError) -> Int? {
        var index = start
        while index < end, HTTPSyntax.isToken(bytes[index]) { index &+= 1 }
        guard index < end else { return nil }
        guard bytes[index] == UInt8(ascii: ":"), index > start else {
            throw .malformed(index == start && HTTPSyntax.isBlank(bytes[index]) ? .foldedLine : .fieldName)
        }
        let nameEnd = index
        index &+= 1
        while index < end, HTTPSyntax.isBlank(bytes[index]) { index &+= 1 }
        let valueStart = index
        index = HTTPSyntax.firstControl(bytes, from: index, to: end)
        guard index < end else { return nil }
        guard bytes[index] == HTTPSyntax.carriageReturn else {
            throw .malformed(bytes[index] == HTTPSyntax.lineFeed ? .lineEnd : .fieldValue)
        }
        guard index &+ 1 < end else { return nil }
        guard bytes[index &+ 1] == HTTPSyntax.lineFeed else { throw .malformed(.lineEnd) }
        var valueEnd = index
        while valueEnd > valueStart, HTTPSyntax.isBlank(bytes[valueEnd &- 1]) { valueEnd &-= 1 }
        guard slots.count < limits.fieldsMaximum else { throw .headersTooLarge }
        try note(bytes, start..<nameEnd, valueStart..<valueEnd)
        if slots.isEmpty { slots.reserveCapacity(20) }
        slots.append(
            HTTPRequestFields.Slot(name: ByteRange(start..<nameEnd), value: ByteRange(valueStart..<valueEnd)))
        return index &+ 2
    }

    /// Acts on the fields that decide where the message ends and who it is for.
    @inline(__always)
    private mutating func note(
        _ bytes: UnsafeBufferPointer<UInt8>, _ name: Range<Int>, _ value: Range<Int>
    ) throws(HTTPParseError) {
        switch name.count {
        case 4 where HTTPSyntax.equals(bytes, name, "host"): try takeHost(bytes, value)
        case 6 where HTTPSyntax.equals(bytes, name, "expect"): try takeExpect(bytes, value)
        case 10 where HTTPSyntax.equals(bytes, name, "connection"): takeConnection(bytes, value)
        case 14 where HTTPSyntax.equals(bytes, name, "content-length"): try takeContentLength(bytes, value)
        case 17 where HTTPSyntax.equals(bytes, name, "transfer-encoding"): try takeTransferEncoding(bytes, value)
        default: break
        }
    }

    private mutating func takeHost(
        _ bytes: UnsafeBufferPointer<UInt8>, _ value: Range<Int>
    ) throws(HTTPParseError) {
        guard traits.insert(.host).inserted else { throw .malformed(.hostRepeated) }
        guard HostSyntax.isValid(UnsafeBufferPointer(rebasing: bytes[value])) else { throw .malformed(.host) }
    }

    /// RFC 9110 §10.1.1: an HTTP/1.0 client cannot expect anything.
    private mutating func takeExpect(
        _ bytes: UnsafeBufferPointer<UInt8>, _ value: Range<Int>
    ) throws(HTTPParseError) {
        guard version == .http11 else { return }
        guard HTTPSyntax.equals(bytes, value, "100-continue") else { throw .expectationFailed }
        traits.insert(.expectsContinue)
    }

    private mutating func takeConnection(_ bytes: UnsafeBufferPointer<UInt8>, _ value: Range<Int>) {
        Self.eachElement(bytes, value) { element in
            if HTTPSyntax.equals(bytes, element, "close") { traits.insert(.close) }
            if HTTPSyntax.equals(bytes, element, "keep-alive") { traits.insert(.keepAlive) }
        }
    }

    /// RFC 9110 §8.6: one number. A repeated field is refused even when the numbers agree: not every hop would.
    private mutating func takeContentLength(
        _ bytes: UnsafeBufferPointer<UInt8>, _ value: Range<Int>
    ) throws(HTTPParseError) {
        guard contentLength == nil else { throw .malformed(.contentLengthRepeated) }
        guard !traits.contains(.chunked) else { throw .malformed(.framing) }
        guard !value.isEmpty else { throw .malformed(.contentLength) }
        var length = 0
        for index in value {
            guard HTTPSyntax.isDigit(bytes[index]) else { throw .malformed(.contentLength) }
            let (tens, tensOverflow) = length.multipliedReportingOverflow(by: 10)
            let (sum, sumOverflow) = tens.addingReportingOverflow(Int(bytes[index] &- UInt8(ascii: "0")))
            guard !tensOverflow, !sumOverflow else { throw .malformed(.contentLength) }
            length = sum
        }
        contentLength = length
    }

    /// RFC 9112 §6.1: `chunked` and nothing else. Codings that are merely unknown are 501, everything that could be
    /// read in two ways is 400.
    private mutating func takeTransferEncoding(
        _ bytes: UnsafeBufferPointer<UInt8>, _ value: Range<Int>
    ) throws(HTTPParseError) {
        guard version == .http11 else { throw .malformed(.transferEncodingVersion) }
        guard contentLength == nil else { throw .malformed(.framing) }
        guard !traits.contains(.chunked) else { throw .malformed(.transferEncoding) }
        if HTTPSyntax.equals(bytes, value, "chunked") {
            traits.insert(.chunked)
            return
        }
        var elements = 0
        var chunkedAt: [Int] = []
        var isList = true
        Self.eachElement(bytes, value) { element in
            elements += 1
            if HTTPSyntax.equals(bytes, element, "chunked") { chunkedAt.append(elements) }
            if element.isEmpty || !element.allSatisfy({ HTTPSyntax.isToken(bytes[$0]) }) { isList = false }
        }
        guard isList, elements > 0, chunkedAt.isEmpty || chunkedAt == [elements], elements > 1 || chunkedAt.isEmpty
        else { throw .malformed(.transferEncoding) }
        throw .codingNotImplemented
    }

    /// Calls `body` with each element of a comma-separated list, blanks trimmed, empty ones included.
    @inline(__always)
    private static func eachElement(
        _ bytes: UnsafeBufferPointer<UInt8>, _ value: Range<Int>, _ body: (Range<Int>) -> Void
    ) {
        var start = value.lowerBound
        while start <= value.upperBound {
            var end = start
            while end < value.upperBound, bytes[end] != UInt8(ascii: ",") { end += 1 }
            var (first, last) = (start, end)
            while first < last, HTTPSyntax.isBlank(bytes[first]) { first += 1 }
            while last > first, HTTPSyntax.isBlank(bytes[last - 1]) { last -= 1 }
            body(first..<last)
            start = end + 1
        }
    }

    /// The finished head; `bytes` begin with the request line and end with the empty line.
    mutating func finish(_ bytes: UnsafeBufferPointer<UInt8>) throws(HTTPParseError) -> HTTPRequestHead {
        var slots: [HTTPRequestFields.Slot] = []
        swap(&slots, &self.slots)
        guard version == .http10 || traits.contains(.host) else { throw .malformed(.hostMissing) }
        return HTTPRequestHead(
            method: method, version: version, fields: HTTPRequestFields(bytes: Array(bytes), slots: slots),
            keepsAlive: !traits.contains(.close) && (version == .http11 || traits.contains(.keepAlive)),
            expectsContinue: traits.contains(.expectsContinue), contentLength: contentLength,
            isChunked: traits.contains(.chunked), target: target)
    }
}
