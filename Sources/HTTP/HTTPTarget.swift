internal import PylonBytes

/// Where the parts of a request target stand in the head (RFC 9112 §3.2).
struct HTTPTarget: Sendable {
    /// The target as sent.
    private(set) var whole = ByteRange(0..<0)
    /// From the first slash to the query; empty for an absolute form without a path; `*` for the asterisk form.
    private(set) var path = ByteRange(0..<0)
    /// Behind the first `?`.
    private(set) var query: ByteRange?
    /// The host and port of an absolute form.
    private(set) var authority: ByteRange?
    /// Whether there is a `%` anywhere.
    private(set) var hasEscape = false

    /// No target yet.
    init() {}

    /// Splits a target whose bytes have been checked one by one.
    ///
    /// `mark` is the index of the first `?`, or nil; `hasEscape` says whether there is a `%` anywhere.
    init(
        _ bytes: UnsafeBufferPointer<UInt8>, _ whole: Range<Int>, mark: Int?, hasEscape: Bool, isOptions: Bool
    ) throws(HTTPParseError) {
        self.whole = ByteRange(whole)
        self.hasEscape = hasEscape
        let pathEnd = mark ?? whole.upperBound
        if let mark { query = ByteRange((mark + 1)..<whole.upperBound) }
        if bytes[whole.lowerBound] == UInt8(ascii: "/") {
            path = ByteRange(whole.lowerBound..<pathEnd)
        } else if whole.count == 1, bytes[whole.lowerBound] == UInt8(ascii: "*") {
            guard isOptions else { throw .malformed(.targetForm) }
            path = ByteRange(whole)
        } else {
            try splitAbsolute(bytes, whole.lowerBound, pathEnd: pathEnd)
        }
        if hasEscape, !HTTPTarget.isDecodable(bytes, path.range) { throw .malformed(.path) }
    }

    /// Finds host and path of `http://host:port/path`. User information is refused: no client has a reason to send it.
    private mutating func splitAbsolute(
        _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, pathEnd: Int
    ) throws(HTTPParseError) {
        let host: Int
        if pathEnd - start >= 7, HTTPSyntax.equals(bytes, start..<(start + 7), "http://") {
            host = start + 7
        } else if pathEnd - start >= 8, HTTPSyntax.equals(bytes, start..<(start + 8), "https://") {
            host = start + 8
        } else {
            throw .malformed(.targetForm)
        }
        var slash = host
        while slash < pathEnd, bytes[slash] != UInt8(ascii: "/") { slash += 1 }
        guard HostSyntax.isValid(UnsafeBufferPointer(rebasing: bytes[host..<slash])) else {
            throw .malformed(.targetAuthority)
        }
        authority = ByteRange(host..<slash)
        path = ByteRange(slash..<pathEnd)
    }

    /// Whether each escape has two digits and the path decodes to UTF-8 without NUL.
    private static func isDecodable(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
        guard let text = PercentCoding.decode(UnsafeBufferPointer(rebasing: bytes[range]).span) else { return false }
        return !text.utf8.contains(0)
    }
}
