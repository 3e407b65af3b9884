internal import PylonBytes

/// Takes a chunked body apart (RFC 9112 §7.1). Framing is consumed byte by byte as it comes, data in ranges.
///
/// Extensions and trailers are checked and dropped. The blanks that §7.1.1 lets a recipient tolerate around an
/// extension are refused: they are a known way to make two servers disagree.
package struct HTTPChunkParser: Sendable {
    /// What the next byte belongs to.
    private enum State {
        /// A digit of the size; `digits` were read.
        case size(digits: Int)
        /// An extension's name; whether any of it was read.
        case extensionName(isEmpty: Bool)
        /// An extension's value: its first byte, the rest of a token, or what stands in quotes.
        case extensionValue, extensionToken, extensionQuoted, extensionEscaped, extensionQuoteEnd
        /// The LF of a size line.
        case sizeLineFeed
        /// This many bytes of data.
        case data(remaining: Int)
        /// The CR and the LF behind data.
        case dataReturn, dataLineFeed
        /// The first byte of a trailer line or of the empty line.
        case trailerStart
        /// A trailer's name, its value and its LF.
        case trailerName, trailerValue, trailerLineFeed
        /// The LF of the empty line.
        case lastLineFeed
    }

    private var state = State.size(digits: 0)
    /// The size being read, then the size of this chunk.
    private var size: UInt64 = 0
    /// Data announced by all chunks so far.
    private var total = 0
    /// Bytes of the current size line, later of the trailer section.
    private var lineBytes = 0

    /// A parser at the first chunk.
    package init() {}

    /// Reads up to one event: data as `body`, the end of the last chunk's trailers as `end`.
    package mutating func next(
        _ bytes: UnsafeBufferPointer<UInt8>, _ limits: HTTPLimits, _ bodyBytesMaximum: Int
    ) throws(HTTPParseError) -> (consumed: Int, event: HTTPRequestEvent) {
        var index = 0
        while index < bytes.count {
            if case .data(let remaining) = state {
                let length = min(remaining, bytes.count - index)
                state = remaining == length ? .dataReturn : .data(remaining: remaining - length)
                return (index + length, .body(index..<(index + length)))
            }
            let isLast = try take(bytes[index], limits, bodyBytesMaximum)
            index += 1
            if isLast { return (index, .end) }
        }
        return (index, .needMore)
    }

    /// Takes one byte of framing; true when it was the last of the message.
    private mutating func take(
        _ byte: UInt8, _ limits: HTTPLimits, _ bodyBytesMaximum: Int
    ) throws(HTTPParseError) -> Bool {
        switch state {
        case .size, .extensionName, .extensionValue, .extensionToken, .extensionQuoted, .extensionEscaped,
            .extensionQuoteEnd:
            if byte != HTTPSyntax.carriageReturn {
                guard lineBytes < limits.chunkLineBytesMaximum else { throw .malformed(.chunkLine) }
                lineBytes += 1
            }
            try takeSizeLine(byte)
        case .sizeLineFeed:
            guard byte == HTTPSyntax.lineFeed else { throw .malformed(.lineEnd) }
            try beginData(bodyBytesMaximum)
        case .data:
            preconditionFailure("data is taken in ranges")
        case .dataReturn:
            guard byte == HTTPSyntax.carriageReturn else { throw .malformed(.chunkEnd) }
            state = .dataLineFeed
        case .dataLineFeed:
            guard byte == HTTPSyntax.lineFeed else { throw .malformed(.chunkEnd) }
            state = .size(digits: 0)
            size = 0
            lineBytes = 0
        case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed, .lastLineFeed:
            guard lineBytes < limits.trailerSectionBytesMaximum else { throw .headersTooLarge }
            lineBytes += 1
            return try takeTrailer(byte)
        }
        return false
    }

    /// One byte of `size *( ";" name [ "=" value ] ) CR`.
    private mutating func takeSizeLine(_ byte: UInt8) throws(HTTPParseError) {
        switch state {
        case .size(let digits):
            if let digit = Hex.value(byte) {
                guard digits < 16 else { throw .malformed(.chunkSize) }
                size = size << 4 | UInt64(digit)
                state = .size(digits: digits + 1)
            } else {
                guard digits > 0 else { throw .malformed(.chunkSize) }
                try endElement(byte, orElse: .chunkSize)
            }
        case .extensionName(let isEmpty):
            if HTTPSyntax.isToken(byte) {
                state = .extensionName(isEmpty: false)
            } else if isEmpty {
                throw .malformed(.chunkExtension)
            } else if byte == UInt8(ascii: "=") {
                state = .extensionValue
            } else {
                try endElement(byte, orElse: .chunkExtension)
            }
        case .extensionValue where byte == UInt8(ascii: "\""):
            state = .extensionQuoted
        case .extensionValue:
            guard HTTPSyntax.isToken(byte) else { throw .malformed(.chunkExtension) }
            state = .extensionToken
        case .extensionToken where HTTPSyntax.isToken(byte):
            break
        case .extensionQuoted, .extensionEscaped:
            try takeQuoted(byte)
        default:
            try endElement(byte, orElse: .chunkExtension)
        }
    }

    /// One byte between quotes (RFC 9110 §5.6.4).
    private mutating func takeQuoted(_ byte: UInt8) throws(HTTPParseError) {
        guard byte == HTTPSyntax.tab || (byte >= 0x20 && byte != 0x7F) else { throw .malformed(.chunkExtension) }
        if case .extensionEscaped = state {
            state = .extensionQuoted
        } else if byte == UInt8(ascii: "\"") {
            state = .extensionQuoteEnd
        } else if byte == UInt8(ascii: "\\") {
            state = .extensionEscaped
        }
    }

    /// What may follow a complete element of the size line: another extension or the line's end.
    private mutating func endElement(_ byte: UInt8, orElse defect: HTTPDefect) throws(HTTPParseError) {
        switch byte {
        case UInt8(ascii: ";"): state = .extensionName(isEmpty: true)
        case HTTPSyntax.carriageReturn: state = .sizeLineFeed
        default: throw .malformed(defect)
        }
    }

    private mutating func beginData(_ bodyBytesMaximum: Int) throws(HTTPParseError) {
        guard size > 0 else {
            state = .trailerStart
            lineBytes = 0
            return
        }
        guard total <= bodyBytesMaximum, size <= UInt64(bodyBytesMaximum - total) else {
            throw .payloadTooLarge(bytesMaximum: bodyBytesMaximum)
        }
        total += Int(size)
        state = .data(remaining: Int(size))
    }

    /// One byte of the trailer section; true when it ends the message.
    private mutating func takeTrailer(_ byte: UInt8) throws(HTTPParseError) -> Bool {
        switch state {
        case .trailerStart where byte == HTTPSyntax.carriageReturn:
            state = .lastLineFeed
        case .trailerStart:
            guard HTTPSyntax.isToken(byte) else {
                throw .malformed(HTTPSyntax.isBlank(byte) ? .foldedLine : .fieldName)
            }
            state = .trailerName
        case .trailerName where byte == UInt8(ascii: ":"):
            state = .trailerValue
        case .trailerName:
            guard HTTPSyntax.isToken(byte) else { throw .malformed(.fieldName) }
        case .trailerValue where byte == HTTPSyntax.carriageReturn:
            state = .trailerLineFeed
        case .trailerValue:
            guard byte == HTTPSyntax.tab || (byte >= 0x20 && byte != 0x7F) else {
                throw .malformed(byte == HTTPSyntax.lineFeed ? .lineEnd : .fieldValue)
            }
        case .trailerLineFeed:
            guard byte == HTTPSyntax.lineFeed else { throw .malformed(.lineEnd) }
            state = .trailerStart
        default:
            guard byte == HTTPSyntax.lineFeed else { throw .malformed(.lineEnd) }
            return true
        }
        return false
    }
}
