internal import PylonBytes

/// A server as a URL names it, and the ways to its shards.
struct Endpoint: Hashable, Sendable {
    /// Who listens.
    enum Host: Hashable, Sendable {
        case address(IPAddress)
        /// To be resolved.
        case name(String)
        /// The path of a Unix socket.
        case local(String)
    }

    /// The shards' own port lies this far behind the main one (spec/realtime.md 1.1).
    private static let shardPortOffset: UInt16 = 3

    let host: Host
    let port: UInt16
    /// Whether the URL named its port: then the shards' own lies behind it, and otherwise a proxy has all on one name.
    let hasExplicitPort: Bool
    /// The value of `Host`, without the port.
    private let hostText: String

    /// Takes `http://host[:port]`, also as `ws://`, or `unix:/path`. A path behind the host is not part of a server's name, other than `/`.
    init(url: String) throws(ClientError) {
        guard let colon = url.firstIndex(of: ":") else { throw .invalidURL(url) }
        let rest = url[url.index(after: colon)...]
        switch url[..<colon].lowercased() {
        case "unix":
            let path = rest.hasPrefix("///") ? rest.dropFirst(2) : rest
            guard path.hasPrefix("/"), path.utf8.count > 1, !path.utf8.contains(0) else { throw .invalidURL(url) }
            host = .local(String(path))
            port = 0
            hasExplicitPort = false
            hostText = "localhost"
        case "http", "ws":
            guard rest.hasPrefix("//") else { throw .invalidURL(url) }
            let authority = rest.dropFirst(2)
            guard let parts = Self.split(authority.hasSuffix("/") ? authority.dropLast() : authority) else {
                throw .invalidURL(url)
            }
            host = parts.host
            hostText = parts.text
            hasExplicitPort = parts.port != nil
            port = parts.port ?? 80
        case "https", "wss": throw .tlsUnsupported
        default: throw .invalidURL(url)
        }
    }

    /// `host[:port]`, `[address]` for IPv6. Nil for anything else, user names and paths included.
    private static func split(_ authority: Substring) -> (host: Host, text: String, port: UInt16?)? {
        var name = authority
        var port: UInt16?
        let bracket = authority.lastIndex(of: "]") ?? authority.startIndex
        if let colon = authority[bracket...].lastIndex(of: ":") {
            let digits = authority[authority.index(after: colon)...]
            guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = UInt16(digits), number > 0
            else { return nil }
            port = number
            name = authority[..<colon]
        }
        if name.hasPrefix("["), name.hasSuffix("]") {
            guard case .v6? = IPAddress(String(name.dropFirst().dropLast())) else { return nil }
            return IPAddress(String(name.dropFirst().dropLast())).map { (.address($0), String(name), port) }
        }
        if let address = IPAddress(String(name)), case .v4 = address { return (.address(address), String(name), port) }
        let isName = name.utf8.allSatisfy {
            $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_")
                || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
        }
        // 253 bytes are what a name of the DNS has at most (RFC 1035 §2.3.4).
        guard isName, (1...253).contains(name.utf8.count) else { return nil }
        let isLocal = name.lowercased() == "localhost"
        return (isLocal ? .address(.v4(0x7F00_0001)) : .name(String(name)), String(name), port)
    }

    /// The value of the field `Host` for requests to `port`.
    func hostField(port: UInt16) -> String {
        if case .local = host { return hostText }
        return port == 80 ? hostText : "\(hostText):\(port)"
    }

    /// The ways to a shard, best first: WebSocket on the shards' own port and on the main one, server-sent events where sockets are blocked.
    func routes(_ transport: ShardTransport?, usesShardPort: Bool = true) -> [Route] {
        var routes: [Route] = []
        let (shardPort, isBeyond) = port.addingReportingOverflow(Self.shardPortOffset)
        if hasExplicitPort, usesShardPort, !isBeyond { routes.append(Route(transport: .webSocket, port: shardPort)) }
        routes.append(Route(transport: .webSocket, port: port))
        routes.append(Route(transport: .serverSentEvents, port: port))
        return routes.filter { transport == nil || $0.transport == transport }
    }
}

/// One way to a shard.
struct Route: Hashable, Sendable {
    let transport: ShardTransport
    let port: UInt16
}

/// How a shard's stream travels.
public enum ShardTransport: Hashable, Sendable {
    case webSocket
    /// The state by server-sent events, inputs by POST: for networks that let nothing else through.
    case serverSentEvents
}
