internal import Glibc

/// A server's host and main port, from `ws://host:4321`, `http://host:4321` or `host:4321`.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    public let host: String
    public let port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// nil unless it is a host with a port, perhaps behind a scheme and before a path.
    public init?(_ url: String) {
        var rest = url[...]
        if let scheme = Self.schemes.first(where: rest.hasPrefix) { rest = rest.dropFirst(scheme.count) }
        rest = rest.prefix { $0 != "/" && $0 != "?" }
        guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]), port > 0 else {
            return nil
        }
        var host = rest[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: port)
    }

    private static let schemes = ["ws://", "http://"]

    /// The same host, another port of the server.
    public func offset(by ports: UInt16) -> Endpoint { Endpoint(host: host, port: port + ports) }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// What can go wrong on the way to a server.
public enum ClientError: Error, CustomStringConvertible {
    /// A system call failed.
    case system(call: String, errno: Int32)
    case unknownHost(String)
    /// The server answered a request or a handshake with this status.
    case refused(status: Int)
    /// The other side closed, for WebSockets with a code.
    case closed(code: Int?)
    /// What came was not what the protocol says.
    case malformed(String)

    public var description: String {
        switch self {
        case .system(let call, let errno): "\(call): \(strerror(errno).map { String(cString: $0) } ?? "error \(errno)")"
        case .unknownHost(let host): "there is no host \(host)"
        case .refused(429):
            "429: too many connections from one address; start the server with PYLON_MAX_CONNS_PER_IP=0 for large swarms"
        case .refused(let status): "the server answered \(status)"
        case .closed(let code): code.map { "the server closed with code \($0)" } ?? "the server closed the connection"
        case .malformed(let what): "malformed \(what)"
        }
    }
}
