internal import PylonBytes

/// A request line and its header fields, checked: a value of this type is well formed and safe to route.
package struct HTTPRequestHead: Sendable {
    package let method: HTTPMethod
    package let version: HTTPVersion
    package let fields: HTTPRequestFields
    /// Whether the connection may serve another request afterwards, as far as the client is concerned.
    package let keepsAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends the body.
    package let expectsContinue: Bool
    /// The value of Content-Length; nil without one.
    package let contentLength: Int?
    /// Whether the body comes in chunks.
    package let isChunked: Bool

    let target: HTTPTarget

    /// Whether a body follows; it may still turn out to be empty.
    package var hasBody: Bool { isChunked || (contentLength ?? 0) > 0 }

    /// The request target as it was sent.
    package var rawTarget: String { fields.text(target.whole) }

    /// The path as it was sent, still percent-encoded; it begins with `/`, or is `*` for `OPTIONS *`.
    package var rawPath: String { target.path.isEmpty ? "/" : fields.text(target.path) }

    /// The text behind the first `?`, as it was sent; nil without a `?`.
    package var rawQuery: String? { target.query.map { fields.text($0) } }

    /// The host and port asked for: from an absolute-form target, else from Host (RFC 9112 §3.3); nil only in HTTP/1.0.
    package var authority: String? {
        target.authority.map { fields.text($0) } ?? fields.first(.host)
    }

    /// The path's segments, each percent-decoded by itself: `%2F` yields a slash inside a segment, never a separator.
    ///
    /// One trailing slash is without meaning: `/x/` and `/x` are `["x"]`, `/` is `[]`. Other empty segments stay, and
    /// so do `.` and `..`, which mean nothing here.
    package var segments: [String] {
        var segments: [String] = []
        var start = target.path.lowerBound
        let end = target.path.upperBound
        if start < end, fields.bytes[start] == UInt8(ascii: "/") { start += 1 }
        while start < end {
            let next = fields.bytes[start..<end].firstIndex(of: UInt8(ascii: "/")) ?? end
            segments.append(segment(start..<next))
            start = next + 1
        }
        return segments
    }

    /// The query's parameters. Forms and browsers' `URLSearchParams` write a space as `+`: they want `plusAsSpace`.
    package func query(plusAsSpace: Bool = false) -> QueryParameters {
        guard let range = target.query else { return QueryParameters() }
        return QueryParameters(fields.bytes[range], plusAsSpace: plusAsSpace)
    }

    /// Whether the client asks to change to `protocolName` on this connection (RFC 9110 §7.8); HTTP/1.0 cannot.
    package func upgrades(to protocolName: String) -> Bool {
        version == .http11 && fields.hasElement("upgrade", in: .connection)
            && fields.hasElement(protocolName, in: .upgrade)
    }

    private func segment(_ range: Range<Int>) -> String {
        // The parser refuses paths that do not decode; the raw text is never used.
        PercentCoding.decode(fields.bytes.span.extracting(range)) ?? fields.text(range)
    }
}
