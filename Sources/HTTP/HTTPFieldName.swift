/// The name of a header field: a token, compared without regard to case.
package struct HTTPFieldName: Sendable {
    /// The name as it is written into a response.
    package let text: String

    /// Nil unless `text` is a token (RFC 9110 §5.6.2).
    package init?(_ text: String) {
        guard !text.isEmpty, text.utf8.allSatisfy(HTTPSyntax.isToken) else { return nil }
        self.text = text
    }

    package static var accept: Self { "Accept" }
    package static var allow: Self { "Allow" }
    package static var authorization: Self { "Authorization" }
    package static var cacheControl: Self { "Cache-Control" }
    package static var connection: Self { "Connection" }
    package static var contentLength: Self { "Content-Length" }
    package static var contentType: Self { "Content-Type" }
    package static var cookie: Self { "Cookie" }
    package static var date: Self { "Date" }
    package static var entityTag: Self { "ETag" }
    package static var host: Self { "Host" }
    package static var ifNoneMatch: Self { "If-None-Match" }
    package static var lastEventID: Self { "Last-Event-ID" }
    package static var location: Self { "Location" }
    package static var origin: Self { "Origin" }
    package static var referer: Self { "Referer" }
    package static var retryAfter: Self { "Retry-After" }
    package static var setCookie: Self { "Set-Cookie" }
    package static var transferEncoding: Self { "Transfer-Encoding" }
    package static var upgrade: Self { "Upgrade" }
    package static var userAgent: Self { "User-Agent" }
    package static var vary: Self { "Vary" }
    package static var wwwAuthenticate: Self { "WWW-Authenticate" }
    package static var forwardedFor: Self { "X-Forwarded-For" }
    package static var forwardedProto: Self { "X-Forwarded-Proto" }
}

extension HTTPFieldName: ExpressibleByStringLiteral {
    /// Traps unless the literal is a token.
    package init(stringLiteral text: String) {
        assert(Self(text) != nil, "not a field name")
        self.text = text
    }
}

extension HTTPFieldName: Hashable {
    package static func == (left: Self, right: Self) -> Bool {
        let (left, right) = (left.text.utf8, right.text.utf8)
        return left.count == right.count
            && left.elementsEqual(right) { HTTPSyntax.lowercased($0) == HTTPSyntax.lowercased($1) }
    }

    package func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(HTTPSyntax.lowercased(byte)) }
    }
}
