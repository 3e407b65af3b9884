internal import PylonJSON
internal import PylonStreamProtocol

/// What is read as a message has to read the same when it is written anew, and binary messages have one spelling only.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    checkText(bytes)
    checkBinary(bytes)
    return 0
}

private func checkText(_ bytes: UnsafeRawBufferPointer) {
    guard let message = try? ClientMessage(text: bytes) else { return }
    let text = Array(written(message).utf8)
    let again = text.withUnsafeBytes { try? ClientMessage(text: $0) }
    precondition(again == message, "another message when written anew")
}

private func checkBinary(_ bytes: UnsafeRawBufferPointer) {
    guard case .acknowledgement(var tick)? = try? ClientMessage(binary: bytes) else { return }
    var spelled = [ClientMessage.acknowledgementType]
    while tick >= 0x80 {
        spelled.append(UInt8(truncatingIfNeeded: tick) | 0x80)
        tick >>= 7
    }
    spelled.append(UInt8(tick))
    precondition(bytes.elementsEqual(spelled), "a second spelling")
}

private func written(_ message: ClientMessage) -> String {
    var json = JSONWriter()
    json.beginObject()
    switch message {
    case .input(let input, let sequence, let tick):
        json.member("input", input)
        json.member("client_seq", sequence)
        json.member("tick", tick)
    case .acknowledgement(let tick):
        json.member("type", "ack" as StaticString)
        json.member("tick", tick)
    case .keyframe: json.member("type", "keyframe" as StaticString)
    case .ping(let id, let time):
        json.member("type", "ping" as StaticString)
        json.member("id", id)
        if let time { json.member("client_ms", time) }
    case .hash(let tick, let hash):
        json.member("type", "hash" as StaticString)
        json.member("tick", tick)
        let digits = String(hash, radix: 16)
        json.member("hash", String(repeating: "0", count: 16 - digits.utf8.count) + digits)
    }
    json.endObject()
    return json.text
}
