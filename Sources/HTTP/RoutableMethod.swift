/// The methods that routes can be registered for, in the order in which `Allow` lists them.
enum RoutableMethod: Int, CaseIterable, Sendable {
    case get, head, post, put, patch, delete, options

    /// Nil for every other method.
    init?(_ method: HTTPMethod) {
        switch method {
        case .get: self = .get
        case .head: self = .head
        case .post: self = .post
        case .put: self = .put
        case .patch: self = .patch
        case .delete: self = .delete
        case .options: self = .options
        case .other: return nil
        }
    }

    var method: HTTPMethod {
        switch self {
        case .get: .get
        case .head: .head
        case .post: .post
        case .put: .put
        case .patch: .patch
        case .delete: .delete
        case .options: .options
        }
    }
}

/// A set of routable methods.
struct RoutableMethods: Sendable {
    private var bits: UInt8 = 0

    var isEmpty: Bool { bits == 0 }

    /// The members in a fixed order. HEAD is answered wherever GET is.
    var methods: [HTTPMethod] {
        RoutableMethod.allCases.filter { contains($0) || ($0 == .head && contains(.get)) }.map(\.method)
    }

    mutating func insert(_ method: RoutableMethod) { bits |= 1 << UInt8(method.rawValue) }

    private func contains(_ method: RoutableMethod) -> Bool { bits & 1 << UInt8(method.rawValue) != 0 }
}
