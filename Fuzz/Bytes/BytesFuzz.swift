internal import PylonBytes

/// The UTF-8 check against the standard library, whole and split; the text codings against their inverses.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    let text = String(validating: bytes, as: UTF8.self)
    precondition(UTF8Validator.isValid(bytes.span) == (text != nil), "UTF-8 judged wrongly")
    let split = count == 0 ? 0 : Int(bytes[0]) % (count + 1)
    var validator = UTF8Validator()
    let isFirstValid = validator.feed(bytes.span.extracting(..<split))
    let isValid = validator.feed(bytes.span.extracting(split...)) && isFirstValid && validator.isComplete
    precondition(isValid == (text != nil), "UTF-8 judged wrongly in two pieces")
    for variant in [Base64.Variant.standard, .urlSafe, .urlSafePadded] {
        precondition(
            Base64.decode(Base64.encode(bytes.span, as: variant), as: variant) == Array(bytes), "base64 changed")
        guard let decoded = Base64.decode(bytes.span, as: variant) else { continue }
        precondition(Array(Base64.encode(decoded, as: variant).utf8) == Array(bytes), "base64 has two spellings")
    }
    if let text {
        precondition(PercentCoding.decode(PercentCoding.encode(text)) == text, "percent coding changed")
        precondition(Hex.decode(Hex.encode(Array(bytes))) == Array(bytes), "hex changed")
        _ = Hex.decode(text)
    }
    _ = PercentCoding.decode(bytes.span, plusAsSpace: true)
    return 0
}
