internal import PylonJSON

/// Whatever the parser accepts has to come back equal from the writer, and be accepted in pieces too; whatever it
/// refuses has to be refused inside the text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    do {
        check(try JSONParser.parse(bytes.span), of: bytes)
    } catch {
        precondition((0...count).contains(error.offset), "an error outside the text")
        precondition((try? inPieces(bytes.span)) == nil, "refused as a whole, accepted in pieces")
    }
    return 0
}

private func check(_ value: JSONValue, of bytes: UnsafeBufferPointer<UInt8>) {
    precondition(String(validating: bytes, as: UTF8.self) != nil, "accepted what is not UTF-8")
    let text = value.serialized()
    guard let again = try? JSONParser.parse(text) else { preconditionFailure("wrote what is not JSON") }
    precondition(again == value, "another value came back")
    precondition(again.serialized() == text, "another text came back")
    precondition((try? inPieces(bytes.span)) == value, "another value came in pieces")
    _ = try? JSONParser.parse(bytes.span, limits: JSONLimits(depthMaximum: 3, duplicateKeys: .refused))
    guard let record = try? JSONValueDecoder().decode(Record.self, from: value) else { return }
    precondition((try? JSONValueEncoder().encode(record)) != nil, "decoded what cannot be encoded")
}

private struct Record: Codable {
    var a: Int8?
    var b: [Double]?
    var c: [String: JSONValue]?
    var d: Int64?
}

/// The value of the text fed three bytes at a time.
private func inPieces(_ bytes: Span<UInt8>) throws(JSONParseError) -> JSONValue {
    var parser = JSONStreamParser()
    for start in stride(from: 0, to: bytes.count, by: 3) {
        try parser.feed(bytes.extracting(start..<min(start + 3, bytes.count)))
    }
    return try parser.finish()
}
