/// Reads the bearer token of an `Authorization` value (RFC 6750 §2.1).
package enum BearerToken {
    /// The token, or nil when the scheme is another one or the rest is not one word.
    ///
    /// The scheme is recognised in any case (RFC 9110 §11.1), the token is taken as it stands.
    package static func extract(_ authorization: String) -> String? {
        let bytes = Array(authorization.utf8)
        let scheme = Array("bearer".utf8)
        guard bytes.count > scheme.count, bytes[scheme.count] == HTTPSyntax.space,
            bytes[..<scheme.count].map(HTTPSyntax.lowercased) == scheme
        else { return nil }
        var token = bytes[scheme.count...].drop(while: HTTPSyntax.isBlank)
        while let last = token.last, HTTPSyntax.isBlank(last) { token.removeLast() }
        guard !token.isEmpty, token.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        return String(decoding: token, as: UTF8.self)
    }
}
