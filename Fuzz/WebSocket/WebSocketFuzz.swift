internal import PylonBytes
internal import PylonWebSocket

/// The same stream read whole and in pieces has to give the same events and answers. The first byte picks the role
/// and whether permessage-deflate was negotiated, the second the pieces.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 2 else { return 0 }
    let role: WebSocketRole = start[0] & 1 == 0 ? .server : .client
    let isDeflated = start[0] & 2 != 0
    let stream = UnsafeRawBufferPointer(start: start + 2, count: count - 2)
    let whole = Reading(of: stream, role: role, isDeflated: isDeflated) { stream.count }
    var state = UInt64(start[0]) << 8 | UInt64(start[1])
    let pieces = Reading(of: stream, role: role, isDeflated: isDeflated) {
        // Knuth's MMIX generator: mostly up to 6 bytes, an empty piece included, at times hundreds.
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33 % (state >> 60 < 4 ? 300 : 7))
    }
    precondition(whole == pieces, "other events in pieces")
    checkHandshake(stream)
    checkCompression(stream)
    return 0
}

/// What a session reports and what is answered.
private struct Reading: Equatable {
    private enum Event: Equatable {
        case text([UInt8]), binary([UInt8]), ping([UInt8]), pong([UInt8]), close(CloseCode?, [UInt8])
        case failure(WebSocketError)

        init(_ event: WebSocketEvent) {
            switch event {
            case .text(let bytes):
                precondition(String(validating: bytes, as: UTF8.self) != nil, "text is not UTF-8")
                self = .text([UInt8](bytes))
            case .binary(let bytes): self = .binary([UInt8](bytes))
            case .ping(let bytes): self = .ping([UInt8](bytes))
            case .pong(let bytes): self = .pong([UInt8](bytes))
            case .close(let code, let reason): self = .close(code, [UInt8](reason))
            case .failure(let error): self = .failure(error)
            }
        }
    }

    private var events: [Event] = []
    private var answers: [UInt8] = []

    init(of stream: UnsafeRawBufferPointer, role: WebSocketRole, isDeflated: Bool, nextCount: () -> Int) {
        let limits = WebSocketLimits(frameBytesMaximum: 600, messageBytesMaximum: 1000)
        var session = WebSocketSession(role: role, limits: limits, isDeflated: isDeflated)
        let inflater = MessageInflater()
        var closing = CloseHandshake(role: role)
        var output = ByteBuffer()
        let key = role == .client ? MaskingKey(1, 2, 3, 4) : nil
        var start = 0
        while start < stream.count {
            let end = min(stream.count, start + nextCount())
            // Each piece is memory of its own: the address sanitizer sees whatever goes outside.
            let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: end - start, alignment: 1)
            defer { piece.deallocate() }
            piece.copyMemory(from: UnsafeRawBufferPointer(rebasing: stream[start..<end]))
            var input = piece
            while let event = session.next(&input, inflater: { inflater }) {
                events.append(Event(event))
                _ = closing.respond(to: event, maskingKey: key, into: &output)
            }
            precondition(input.isEmpty, "input left over")
            precondition(session.bufferedBytes <= 64 << 10, "more is held than the limits allow")
            precondition(inflater.bufferedBytes <= MessageInflater.keptBytesMaximum, "the inflater holds too much")
            start = end
        }
        if closing.state != .open { precondition(session.bufferedBytes == 0, "memory is held behind the end") }
        answers = output.copyBytes()
    }
}

/// Nothing that could split a response head may be reflected, whatever is offered.
private func checkHandshake(_ header: UnsafeRawBufferPointer) {
    let value = String(decoding: header, as: UTF8.self)
    let request = WebSocketHandshake.Request(
        method: "GET", connection: ["upgrade"], upgrade: ["websocket"], key: ["dGhlIHNhbXBsZSBub25jZQ=="],
        version: ["13"], subprotocols: [value], extensions: [value])
    guard let acceptance = try? WebSocketHandshake.answer(request, deflates: true) else {
        preconditionFailure("refused")
    }
    let lineEnds = acceptance.responseHead.utf8.count { $0 == UInt8(ascii: "\n") }
    let fieldCount = (acceptance.subprotocol == nil ? 0 : 1) + (acceptance.isDeflated ? 1 : 0)
    precondition(lineEnds == 5 + fieldCount, "a split response")
    if let extensions = acceptance.extensions {
        precondition(DeflateNegotiation.check(answer: [extensions]) == true, "an answer that no client takes")
    }
    _ = DeflateNegotiation.check(answer: [value])
    var generator = FixedGenerator()
    let client = WebSocketClientHandshake(host: "h", from: &generator)
    _ = try? client.check(header.bindMemory(to: UInt8.self).span)
}

/// Whatever is sent comes back, and what comes out of anything keeps to the limit.
private func checkCompression(_ bytes: UnsafeRawBufferPointer) {
    let inflater = MessageInflater()
    let limit = 2000
    if let message = try? inflater.inflate(bytes, limit: limit) {
        precondition(message.count <= limit, "more than the limit")
    }
    var compressed = ByteBuffer()
    let half = bytes.count / 2
    let isSmaller = MessageDeflater().compress(
        UnsafeRawBufferPointer(rebasing: bytes[..<half]), UnsafeRawBufferPointer(rebasing: bytes[half...]),
        into: &compressed)
    guard isSmaller else { return precondition(compressed.isEmpty, "rubbish left") }
    precondition(compressed.count < bytes.count, "not smaller")
    let isSame = compressed.withUnsafeBytes { payload in
        (try? inflater.inflate(payload, limit: bytes.count))?.elementsEqual(bytes) ?? false
    }
    precondition(isSame, "another message")
}

/// Always the same key, so that a crashing input crashes again.
private struct FixedGenerator: RandomNumberGenerator {
    mutating func next() -> UInt64 { 0x0123_4567_89AB_CDEF }
}
