internal import PylonBytes
internal import PylonHTTP

/// The head of a response.
package struct HTTPResponseHead: Hashable, Sendable {
    /// One field line.
    package struct Field: Hashable, Sendable {
        /// In lower case.
        package let name: String
        package let value: String
    }

    package let status: Int
    package let fields: [Field]
    /// Whether the connection may carry another request behind this response.
    package let keepsAlive: Bool

    /// The first value of `name`, which is in lower case.
    package func first(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}

/// Reads HTTP/1.1 responses (RFC 9112), one after the other: bytes in, events out.
package struct HTTPResponseParser: Sendable {
    /// A longer head is taken for an attack.
    package static let headBytesMaximum = 16 << 10
    package static let fieldsMaximum = 100

    /// What the parser found.
    package enum Event: Equatable {
        /// Nothing more can be said before further bytes arrive; those that were not consumed are to be given again.
        case needMore
        case head(HTTPResponseHead)
        /// A piece of the body: a range of the bytes given to this call.
        case body(Range<Int>)
        case end
    }

    private enum State {
        case head
        case length(Int)
        case chunked(HTTPChunkParser)
        /// The body lasts as long as the connection.
        case untilClose
        /// `end` is still to be told.
        case complete
    }

    /// A body beyond it is refused; streams have none.
    private let bodyBytesMaximum: Int
    private var state = State.head
    private var bodyBytes = 0
    private let limits = HTTPLimits()

    package init(bodyBytesMaximum: Int) {
        self.bodyBytesMaximum = bodyBytesMaximum
    }

    /// Whether a connection that ends now ends the response as it should.
    package var mayEnd: Bool { if case .untilClose = state { true } else { false } }

    /// Reads up to one event.
    package mutating func next(_ bytes: UnsafeRawBufferPointer) throws(ClientError) -> (consumed: Int, event: Event) {
        switch state {
        case .head: return try readHead(bytes)
        case .length(let rest):
            guard !bytes.isEmpty else { return (0, .needMore) }
            let count = min(rest, bytes.count)
            state = rest == count ? .complete : .length(rest - count)
            return (count, .body(0..<count))
        case .chunked(let parser): return try readChunk(bytes, parser)
        case .untilClose:
            guard !bytes.isEmpty else { return (0, .needMore) }
            try count(bytes.count)
            return (bytes.count, .body(0..<bytes.count))
        case .complete:
            state = .head
            bodyBytes = 0
            return (0, .end)
        }
    }

    private mutating func readChunk(
        _ bytes: UnsafeRawBufferPointer, _ parser: HTTPChunkParser
    ) throws(ClientError) -> (consumed: Int, event: Event) {
        var parser = parser
        let (consumed, event): (Int, HTTPRequestEvent)
        do {
            (consumed, event) = try bytes.withMemoryRebound(to: UInt8.self) { [limits] (bytes) throws(HTTPParseError) in
                // Bounded below: a stream goes on for ever, and the parser's own limit is for the whole.
                try parser.next(bytes, limits, .max)
            }
        } catch {
            throw .invalidMessage("the response's chunks: \(error.message)")
        }
        state = .chunked(parser)
        switch event {
        case .body(let range):
            try count(range.count)
            return (consumed, .body(range))
        case .end:
            state = .complete
            return (consumed, .needMore)
        default: return (consumed, .needMore)
        }
    }

    private mutating func count(_ count: Int) throws(ClientError) {
        bodyBytes = bodyBytes.addingReportingOverflow(count).partialValue
        if bodyBytesMaximum != .max, bodyBytes > bodyBytesMaximum {
            throw .invalidMessage("a response of more than \(bodyBytesMaximum) bytes")
        }
    }

    // MARK: Head

    private mutating func readHead(_ bytes: UnsafeRawBufferPointer) throws(ClientError) -> (consumed: Int, event: Event)
    {
        guard let length = Self.headLength(bytes) else {
            guard bytes.count < Self.headBytesMaximum else { throw .invalidMessage("a response head without end") }
            return (0, .needMore)
        }
        guard length <= Self.headBytesMaximum else { throw .invalidMessage("a response head that is too long") }
        let head = try Self.parse(UnsafeRawBufferPointer(rebasing: bytes[..<(length - 4)]))
        // An interim response (RFC 9110 §15.2); another follows. Nobody has asked for 101 where this parser reads.
        if (100..<200).contains(head.status) { return (length, .needMore) }
        state = try bodyState(head)
        return (length, .head(head))
    }

    /// How the body is delimited (RFC 9112 §6.3).
    private func bodyState(_ head: HTTPResponseHead) throws(ClientError) -> State {
        if head.status == 204 || head.status == 304 { return .complete }
        let lengths = Set(head.fields.filter { $0.name == "content-length" }.map(\.value))
        if let coding = head.first("transfer-encoding") {
            guard coding.lowercased() == "chunked", lengths.isEmpty else {
                throw .invalidMessage("a response whose end cannot be told")
            }
            return .chunked(HTTPChunkParser())
        }
        guard let text = lengths.first else { return .untilClose }
        guard lengths.count == 1, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(text) else {
            throw .invalidMessage("a response whose length cannot be told")
        }
        guard length <= bodyBytesMaximum else {
            throw .invalidMessage("a response of more than \(bodyBytesMaximum) bytes")
        }
        return length == 0 ? .complete : .length(length)
    }

    /// The length of the head with the empty line that ends it.
    private static func headLength(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var index = 3
        while index < bytes.count {
            if bytes[index] == 0x0A, bytes[index - 1] == 0x0D, bytes[index - 2] == 0x0A, bytes[index - 3] == 0x0D {
                return index + 1
            }
            index += 1
        }
        return nil
    }

    private static func parse(_ head: UnsafeRawBufferPointer) throws(ClientError) -> HTTPResponseHead {
        guard let text = String(validating: head, as: UTF8.self) else {
            throw .invalidMessage("a head that is not UTF-8")
        }
        var lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
            .map { Substring($0.last == 0x0D ? $0.dropLast() : $0) }[...]
        let status = (lines.popFirst() ?? "").split(separator: " ", maxSplits: 2)
        guard status.count >= 2, status[0] == "HTTP/1.1" || status[0] == "HTTP/1.0", status[1].utf8.count == 3,
            status[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(status[1]), number >= 100
        else { throw .invalidMessage("a status line that is none") }
        guard lines.count <= fieldsMaximum else { throw .invalidMessage("too many fields") }
        var fields: [HTTPResponseHead.Field] = []
        for line in lines {
            guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")), colon != line.startIndex,
                !line.utf8[..<colon].contains(where: { $0 <= 0x20 || $0 >= 0x7F })
            else { throw .invalidMessage("a field without a name") }
            let value = line[line.utf8.index(after: colon)...]
            fields.append(.init(name: line[..<colon].lowercased(), value: trimmed(value)))
        }
        let connection = fields.filter { $0.name == "connection" }.map { $0.value.lowercased() }.joined(separator: ",")
        return HTTPResponseHead(
            status: number, fields: fields, keepsAlive: status[0] == "HTTP/1.1" && !connection.contains("close"))
    }

    private static func trimmed(_ value: Substring) -> String {
        var value = value
        while value.first == " " || value.first == "\t" { value.removeFirst() }
        while value.last == " " || value.last == "\t" { value.removeLast() }
        return String(value)
    }
}
