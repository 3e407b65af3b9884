/// Why a request cannot be taken. The connection answers with ``status`` and closes: where the next request would
/// begin is no longer known.
package enum HTTPParseError: Error, Hashable, Sendable {
    /// A violation of RFC 9110 or RFC 9112, or something that two parsers could read in two ways.
    case malformed(HTTPDefect)
    /// The request line exceeds ``HTTPLimits/requestLineBytesMaximum``.
    case targetTooLong
    /// The header section or the trailer section exceeds its limit.
    case headersTooLarge
    /// The body exceeds this many bytes.
    case payloadTooLarge(bytesMaximum: Int)
    /// A transfer coding other than `chunked`.
    case codingNotImplemented
    /// The method CONNECT; this server is no proxy.
    case connectNotImplemented
    /// A well-formed version other than HTTP/1.0 and HTTP/1.1.
    case versionNotSupported
    /// An `Expect` other than `100-continue`.
    case expectationFailed

    /// The status of the answer.
    package var status: HTTPStatus {
        switch self {
        case .malformed: .badRequest
        case .targetTooLong: .uriTooLong
        case .headersTooLarge: .headersTooLarge
        case .payloadTooLarge: .payloadTooLarge
        case .codingNotImplemented, .connectNotImplemented: .notImplemented
        case .versionNotSupported: .versionNotSupported
        case .expectationFailed: .expectationFailed
        }
    }

    /// The stable code of the error body.
    package var code: String {
        switch self {
        case .malformed: "BAD_REQUEST"
        case .targetTooLong: "URI_TOO_LONG"
        case .headersTooLarge: "HEADERS_TOO_LARGE"
        case .payloadTooLarge: "PAYLOAD_TOO_LARGE"
        case .codingNotImplemented, .connectNotImplemented: "NOT_IMPLEMENTED"
        case .versionNotSupported: "HTTP_VERSION_NOT_SUPPORTED"
        case .expectationFailed: "EXPECTATION_FAILED"
        }
    }

    /// A sentence for people. It never repeats bytes of the request.
    package var message: String {
        switch self {
        case .malformed(let defect): defect.rawValue
        case .targetTooLong: "The request line is too long."
        case .headersTooLarge: "The header fields are too large or too many."
        case .payloadTooLarge(let bytesMaximum): "The body exceeds \(bytesMaximum) bytes."
        case .codingNotImplemented: "The only transfer coding supported is chunked."
        case .connectNotImplemented: "CONNECT is not supported."
        case .versionNotSupported: "The only versions supported are HTTP/1.0 and HTTP/1.1."
        case .expectationFailed: "The only expectation supported is 100-continue."
        }
    }
}
