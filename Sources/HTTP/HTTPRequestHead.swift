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
    package var rawTarget: String { fields.text(target.whole.range) }

    /// The path as it was sent, still percent-encoded; it begins with `/`, or is `*` for `OPTIONS *`.
    package var rawPath: String { target.path.isEmpty ? "/" : fields.text(target.path.range) }

    /// The text behind the first `?`, as it was sent; nil without a `?`.
    package var rawQuery: String? { target.query.map { fields.text($0.range) } }

    /// The host and port asked for: from an absolute-form target, else from Host (RFC 9112 §3.3); nil only in HTTP/1.0.
    package var authority: String? {
        target.authority.map { fields.text($0.range) } ?? fields.first(.host)
    }

    /// The path's segments, each percent-decoded by itself: `%2F` yields a slash inside a segment, never a separator.
    ///
    /// One trailing slash is without meaning: `/x/` and `/x` are `["x"]`, `/` is `[]`. Other empty segments stay, and
    /// so do `.` and `..`, which mean nothing here.
    package var segments: [String] {
        let path = target.path.range
        return fields.bytes.withUnsafeBufferPointer { bytes in
            var segments: [String] = []
            var start = path.lowerBound
            if start < path.upperBound, bytes[start] == UInt8(ascii: "/") { start += 1 }
            while start < path.upperBound {
                var end = start
                while end < path.upperBound, bytes[end] != UInt8(ascii: "/") { end += 1 }
                if segments.isEmpty { segments.reserveCapacity(8) }
                segments.append(segment(UnsafeBufferPointer(rebasing: bytes[start..<end])))
                start = end + 1
            }
            return segments
        }
    }

    /// The query's parameters. Forms and browsers' `URLSearchParams` write a space as `+`: they want `plusAsSpace`.
    package func query(plusAsSpace: Bool = false) -> QueryParameters {
        guard let query = target.query else { return QueryParameters() }
        return QueryParameters(fields.bytes.span.extracting(query.range), plusAsSpace: plusAsSpace)
    }

    /// Whether the client asks to change to `protocolName` on this connection (RFC 9110 §7.8); HTTP/1.0 cannot.
    package func upgrades(to protocolName: String) -> Bool {
        version == .http11 && fields.hasElement("upgrade", in: .connection)
            && fields.hasElement(protocolName, in: .upgrade)
    }

    private func segment(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        // The parser refuses paths that do not decode; the raw text is never used for one with escapes.
        (target.hasEscape ? PercentCoding.decode(bytes.span) : nil) ?? String(decoding: bytes, as: UTF8.self)
    }
}
