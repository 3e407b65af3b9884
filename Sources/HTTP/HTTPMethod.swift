/// A request method (RFC 9110 §9). Methods are case-sensitive: `get` is not ``get``.
package enum HTTPMethod: Hashable, Sendable {
    case get
    case post
    case put
    case patch
    case delete
    case head
    case options
    /// Any other token; no route can be registered for it by accident.
    case other(String)

    /// The method that a token spells.
    package init(_ token: String) {
        self =
            switch token {
            case "GET": .get
            case "POST": .post
            case "PUT": .put
            case "PATCH": .patch
            case "DELETE": .delete
            case "HEAD": .head
            case "OPTIONS": .options
            default: .other(token)
            }
    }

    /// The token as it stands in the request line and in `Allow`.
    package var token: String {
        switch self {
        case .get: "GET"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .head: "HEAD"
        case .options: "OPTIONS"
        case .other(let token): token
        }
    }

    /// Whether the method only reads (RFC 9110 §9.2.1), so that it needs no protection against forged requests.
    package var isSafe: Bool {
        switch self {
        case .get, .head, .options: true
        case .post, .put, .patch, .delete, .other: false
        }
    }
}

extension HTTPMethod: CustomStringConvertible {
    package var description: String { token }
}
