internal import PylonBytes
internal import PylonHTTP

/// A parser must say the same however its input is cut, stay inside it, and accept again what it accepted.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // An error inside a line may be reported when the line ends: let the last one end.
    let input = Array(UnsafeBufferPointer(start: start, count: count)) + Array("\r\n\r\n".utf8)
    let whole = Reading(input, piece: input.count)
    precondition(Reading(input, piece: 1) == whole, "byte by byte is different")
    precondition(Reading(input, piece: 1 + count % 61) == whole, "in pieces is different")
    for head in whole.heads { check(head) }
    return 0
}

/// What a parser made of an input.
private struct Reading: Equatable {
    var heads: [HTTPRequestHead] = []
    var bodies: [[UInt8]] = []
    var ends = 0
    var failure: HTTPParseError?

    init(_ input: [UInt8], piece: Int) {
        var parser = HTTPRequestParser()
        var unread: [UInt8] = []
        for start in stride(from: 0, to: input.count, by: piece) {
            unread += input[start..<min(start + piece, input.count)]
            while let consumed = step(&parser, unread) { unread.removeFirst(consumed) }
            if failure != nil { return }
        }
    }

    /// Takes one event; the number of bytes to drop, or nil when the parser wants more or has failed.
    private mutating func step(_ parser: inout HTTPRequestParser, _ unread: [UInt8]) -> Int? {
        let (consumed, event) = parser.next(unread.span)
        precondition((0...unread.count).contains(consumed), "consumed what is not there")
        switch event {
        case .needMore: return consumed > 0 ? consumed : nil
        case .head(let head):
            heads.append(head)
            bodies.append([])
        case .body(let range):
            precondition(!range.isEmpty && range.upperBound == consumed, "a range that does not fit")
            bodies[bodies.count - 1] += unread[range]
        case .end: ends += 1
        case .failure(let error):
            failure = error
            return nil
        }
        return consumed
    }

    static func == (left: Self, right: Self) -> Bool {
        left.heads.map(text) == right.heads.map(text) && left.bodies == right.bodies && left.ends == right.ends
            && left.failure == right.failure
    }
}

/// The head, written again.
private func text(_ head: HTTPRequestHead) -> String {
    var text = "\(head.method) \(head.rawTarget) HTTP/1.\(head.version.rawValue)\r\n"
    for index in 0..<head.fields.count {
        let (name, value) = head.fields[index]
        text += "\(name): \(value)\r\n"
    }
    return text + "\r\n"
}

private let routes = try? RouteTable([
    Route(.get, "/:a/b", access: .anyone, handler: 0), Route(.post, "/*rest", access: .anyone, handler: 1),
])

private func check(_ head: HTTPRequestHead) {
    precondition(!(head.isChunked && head.contentLength != nil), "framed in two ways")
    precondition(head.version == .http10 || head.fields.all(.host).count == 1, "not one host")
    precondition(head.fields.all(.contentLength).count <= 1, "several lengths")
    for index in 0..<head.fields.count {
        let value = head.fields[index].value.utf8
        precondition(!value.contains { $0 == 0 || $0 == 10 || $0 == 13 }, "a value that ends its line")
    }
    let again = Reading(Array(text(head).utf8), piece: 1 << 20)
    // Bytes that are no UTF-8 came back as three others: such a head may have become too large.
    precondition(again.heads.count == 1 || again.failure == .headersTooLarge, "refused when written again")
    if let same = again.heads.first {
        precondition(same.segments == head.segments && same.rawQuery == head.rawQuery, "another target came back")
        precondition(same.keepsAlive == head.keepsAlive && same.contentLength == head.contentLength, "other framing")
    }
    precondition(head.segments.allSatisfy { !$0.utf8.contains(0) }, "a NUL in the path")
    _ = head.query(plusAsSpace: true)
    _ = head.upgrades(to: "websocket")
    _ = head.authority
    _ = ForwardedFor.clientAddress(head.fields.all(.forwardedFor), hops: 2, peer: "")
    _ = head.fields.first(.authorization).flatMap(BearerToken.extract)
    if case .found(_, let parameters) = routes?.match(head.method, head.segments) { _ = parameters["a"] }
}
