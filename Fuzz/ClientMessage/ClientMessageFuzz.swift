internal import PylonClient
internal import PylonJSON

/// What a server sends to the Swift client: messages of both versions, events of event streams, and responses, which read whole and in
/// pieces have to be the same. The first byte picks which, the second the pieces.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 2 else { return 0 }
    // Memory of its own: the address sanitizer sees whatever goes outside.
    let message = UnsafeMutableRawBufferPointer.allocate(byteCount: count - 2, alignment: 1)
    defer { message.deallocate() }
    message.copyBytes(from: UnsafeRawBufferPointer(start: start + 2, count: count - 2))
    let bytes = UnsafeRawBufferPointer(message)
    switch start[0] % 5 {
    case 0: check { () throws(ClientError) in try IncomingMessage(text: bytes) }
    case 1: check { () throws(ClientError) in try IncomingMessage(version1: bytes) }
    case 2: check { () throws(ClientError) in try IncomingMessage(version2: bytes) }
    case 3:
        let name = ["message", "end", "keyframe", "event"][Int(start[1] % 4)]
        check { () throws(ClientError) in try IncomingMessage(eventName: name, id: "\(start[1])", data: bytes) }
    default: checkResponses(bytes, seed: start[1])
    }
    return 0
}

private func check(_ read: () throws(ClientError) -> IncomingMessage) {
    let message: IncomingMessage
    do {
        message = try read()
    } catch {
        guard case .invalidMessage = error else { preconditionFailure("another error: \(error)") }
        return
    }
    switch message {
    case .hello(let hello):
        precondition(hello.serverMilliseconds.isFinite && hello.ticksPerSnapshot > 0, "a hello out of bounds")
        precondition((hello.schema == nil) || hello.stateKind == .entities, "a schema of no entities")
    case .bye(let bye):
        precondition(bye.retryAfter ?? .zero >= .zero && bye.retryAfter ?? .zero <= .seconds(86_400), "years to wait")
    case .pong(let pong):
        precondition(pong.serverMilliseconds.isFinite && pong.tickAgeMilliseconds >= 0, "a pong out of bounds")
    case .entities(let frame, _): precondition(frame.baseAge <= frame.tick.number, "a base before the first tick")
    case .delta(let tick, let baseAge, _):
        precondition(baseAge >= 1 && baseAge <= tick.number, "a base before the first tick")
    case .acknowledgement, .refusal, .event, .state, .stateValue, .unknown: break
    }
}

private func checkResponses(_ stream: UnsafeRawBufferPointer, seed: UInt8) {
    let whole = Reading(of: stream) { stream.count }
    var state = UInt64(seed)
    let pieces = Reading(of: stream) {
        // Knuth's MMIX generator: mostly up to 6 bytes, an empty piece included, at times hundreds.
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33 % (state >> 60 < 4 ? 300 : 7))
    }
    precondition(whole == pieces, "other responses in pieces")
}

/// What a connection's bytes are read as.
private struct Reading: Equatable {
    private var heads: [HTTPResponseHead] = []
    private var bodies: [UInt8] = []
    private var endCount = 0
    private var hasFailed = false

    init(of stream: UnsafeRawBufferPointer, nextCount: () -> Int) {
        var parser = HTTPResponseParser(bodyBytesMaximum: 1000)
        var waiting: [UInt8] = []
        var start = 0
        do throws(ClientError) {
            while start < stream.count {
                let end = min(stream.count, start + nextCount())
                waiting += stream[start..<end]
                start = end
                while try take(from: &waiting, &parser) {}
            }
        } catch {
            // What came before the mistake may arrive in other pieces than the mistake does.
            hasFailed = true
            bodies = []
        }
    }

    private mutating func take(
        from waiting: inout [UInt8], _ parser: inout HTTPResponseParser
    ) throws(ClientError) -> Bool {
        let bytes = waiting
        let (consumed, event) = try bytes.span.withUnsafeBytes { (raw) throws(ClientError) in try parser.next(raw) }
        precondition(consumed <= waiting.count, "more consumed than there was")
        waiting.removeFirst(consumed)
        switch event {
        case .needMore: return consumed > 0
        case .head(let head): heads.append(head)
        case .body(let range): bodies += bytes[range]
        case .end: endCount += 1
        }
        return true
    }
}
