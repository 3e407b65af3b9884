/// A response status code (RFC 9110 §15).
package struct HTTPStatus: Hashable, Sendable {
    /// Three digits, 100 to 599.
    package let code: UInt16

    /// Traps unless `code` has three digits and a class of 1 to 5.
    package init(_ code: UInt16) {
        precondition((100...599).contains(code), "no such status class")
        self.code = code
    }

    package static var switchingProtocols: Self { Self(101) }
    package static var ok: Self { Self(200) }
    package static var created: Self { Self(201) }
    package static var accepted: Self { Self(202) }
    package static var noContent: Self { Self(204) }
    package static var movedPermanently: Self { Self(301) }
    package static var found: Self { Self(302) }
    package static var notModified: Self { Self(304) }
    package static var badRequest: Self { Self(400) }
    package static var unauthorized: Self { Self(401) }
    package static var forbidden: Self { Self(403) }
    package static var notFound: Self { Self(404) }
    package static var methodNotAllowed: Self { Self(405) }
    package static var requestTimeout: Self { Self(408) }
    package static var conflict: Self { Self(409) }
    package static var gone: Self { Self(410) }
    package static var payloadTooLarge: Self { Self(413) }
    package static var uriTooLong: Self { Self(414) }
    package static var unsupportedMediaType: Self { Self(415) }
    package static var expectationFailed: Self { Self(417) }
    package static var unprocessableContent: Self { Self(422) }
    package static var upgradeRequired: Self { Self(426) }
    package static var tooManyRequests: Self { Self(429) }
    package static var headersTooLarge: Self { Self(431) }
    package static var internalServerError: Self { Self(500) }
    package static var notImplemented: Self { Self(501) }
    package static var badGateway: Self { Self(502) }
    package static var serviceUnavailable: Self { Self(503) }
    package static var gatewayTimeout: Self { Self(504) }
    package static var versionNotSupported: Self { Self(505) }

    /// Whether a response with this status never has a body (RFC 9110 §6.4.1).
    package var forbidsBody: Bool {
        code < 200 || code == 204 || code == 304
    }

    /// The reason phrase that goes on the status line; clients ignore it, people reading a capture do not.
    package var reason: StaticString {
        switch code {
        case 100: "Continue"
        case 101: "Switching Protocols"
        case 103: "Early Hints"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 203: "Non-Authoritative Information"
        case 204: "No Content"
        case 205: "Reset Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 402: "Payment Required"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 423: "Locked"
        case 425: "Too Early"
        case 426: "Upgrade Required"
        case 428: "Precondition Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        case 507: "Insufficient Storage"
        default: "Unknown"
        }
    }
}
