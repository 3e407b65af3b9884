/// Why a list of routes makes no table.
package enum RouteTableError: Error, Hashable, Sendable {
    /// The pattern has no leading slash, an empty segment (a trailing slash too), a wildcard before the end, a
    /// parameter without or with a repeated name, or a literal that no path can have.
    case malformedPattern(String)
    /// Two routes of one method match the same paths, so that the second would never be reached.
    case duplicate(HTTPMethod, String, String)
    /// The method is none that can be routed.
    case unroutableMethod(HTTPMethod, String)
}

extension RouteTableError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformedPattern(let pattern): "malformed route pattern \(pattern)"
        case .duplicate(let method, let first, let second): "\(method) \(second) is already routed as \(first)"
        case .unroutableMethod(let method, let pattern): "\(method) \(pattern) cannot be routed"
        }
    }
}
