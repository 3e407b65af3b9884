internal import PylonBytes

/// The server's half of the opening handshake (RFC 6455 §4.2), on header values alone.
package enum WebSocketHandshake {
    /// What the handshake looks at in a request. Fields that may be repeated hold one element for each occurrence.
    package struct Request: Sendable {
        /// The request method.
        package var method: String
        /// Whether the request is HTTP/1.1 or later.
        package var isHTTP11: Bool
        /// `Connection`: lists of tokens.
        package var connection: [String]
        /// `Upgrade`: lists of protocols.
        package var upgrade: [String]
        /// `Sec-WebSocket-Key`.
        package var key: [String]
        /// `Sec-WebSocket-Version`.
        package var version: [String]
        /// `Sec-WebSocket-Protocol`: lists of subprotocols.
        package var subprotocols: [String]
        /// `Sec-WebSocket-Extensions`: lists of offers.
        package var extensions: [String]

        /// A request with these values.
        package init(
            method: String, isHTTP11: Bool = true, connection: [String], upgrade: [String], key: [String],
            version: [String], subprotocols: [String] = [], extensions: [String] = []
        ) {
            self.method = method
            self.isHTTP11 = isHTTP11
            self.connection = connection
            self.upgrade = upgrade
            self.key = key
            self.version = version
            self.subprotocols = subprotocols
            self.extensions = extensions
        }
    }

    /// Why a handshake is refused.
    package enum Refusal: Error, Hashable, Sendable {
        /// Not a GET (§4.2.1 item 1).
        case method
        /// HTTP/1.0 or older (§4.2.1 item 1).
        case httpVersion
        /// `Upgrade` does not name `websocket`, or `Connection` does not name `upgrade` (§4.2.1 items 3 and 4).
        case upgrade
        /// `Sec-WebSocket-Key` is missing, repeated, or not base64 of 16 bytes (§4.2.1 item 5).
        case key
        /// `Sec-WebSocket-Version` is not 13 (§4.2.1 item 6).
        case version

        /// The status of the response.
        package var status: Int {
            switch self {
            case .method: 405
            case .version: 426
            case .httpVersion, .upgrade, .key: 400
            }
        }

        /// The fields that the response must carry besides those of every response.
        package var fields: [(name: String, value: String)] {
            switch self {
            case .method: [("Allow", "GET")]
            // RFC 9110 §15.5.22: a 426 names the protocol to change to.
            case .version: [("Sec-WebSocket-Version", "13"), ("Upgrade", "websocket"), ("Connection", "Upgrade")]
            case .httpVersion, .upgrade, .key: []
            }
        }

        /// A message for the error body; not contractual.
        package var message: StaticString {
            switch self {
            case .method: "a WebSocket handshake is a GET request"
            case .httpVersion: "a WebSocket handshake needs HTTP/1.1"
            case .upgrade: "the Upgrade and Connection fields must name websocket and upgrade"
            case .key: "Sec-WebSocket-Key must be the base64 text of 16 bytes"
            case .version: "only version 13 of the WebSocket protocol is spoken here"
            }
        }
    }

    /// What a 101 response says.
    package struct Acceptance: Hashable, Sendable {
        /// The value of `Sec-WebSocket-Accept`.
        package let accept: String
        /// The value of `Sec-WebSocket-Protocol`, nil to leave the field out. Printable ASCII.
        package let subprotocol: String?
        /// The credential among the offered subprotocols, for whoever resolves identities.
        package let credential: SubprotocolList.Credential?
        /// The value of `Sec-WebSocket-Extensions`: how permessage-deflate was accepted; nil to leave the field out.
        package let extensions: String?

        /// Whether messages may be compressed.
        package var isDeflated: Bool { extensions != nil }

        /// The whole response head.
        package var responseHead: String {
            var head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            head += "Sec-WebSocket-Accept: \(accept)\r\n"
            if let subprotocol { head += "Sec-WebSocket-Protocol: \(subprotocol)\r\n" }
            if let extensions { head += "Sec-WebSocket-Extensions: \(extensions)\r\n" }
            return head + "\r\n"
        }
    }

    /// Accepts or refuses a request. `supported` are the subprotocols that the service speaks, besides the echo of a
    /// credential. Offers of permessage-deflate are accepted if `deflates`.
    package static func answer(
        _ request: Request, supported: [String] = [], deflates: Bool = false
    ) throws(Refusal) -> Acceptance {
        guard request.method == "GET" else { throw .method }
        guard request.isHTTP11 else { throw .httpVersion }
        guard contains("websocket", in: request.upgrade), contains("upgrade", in: request.connection) else {
            throw .upgrade
        }
        guard request.version == ["13"] else { throw .version }
        guard request.key.count == 1, isKey(request.key[0]) else { throw .key }
        let offered = SubprotocolList(headerValues: request.subprotocols)
        return Acceptance(
            accept: accept(request.key[0]), subprotocol: offered.choose(from: supported),
            credential: offered.credential,
            extensions: deflates ? DeflateNegotiation.answer(to: request.extensions) : nil)
    }

    /// The value of `Sec-WebSocket-Accept` for a key (§4.2.2 item 5.4).
    package static func accept(_ key: String) -> String {
        Base64.encode(SHA1.digest(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
    }

    /// Whether `key` is base64 of 16 bytes: 22 characters and two signs of padding. The four unused bits are not
    /// looked at, because clients exist that make up the text rather than the bytes.
    static func isKey(_ key: String) -> Bool {
        let characters = Array(key.utf8)
        return characters.count == 24 && characters[22...] == [0x3D, 0x3D]
            && characters[..<22].allSatisfy { character in
                switch character {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                    true
                default: false
                }
            }
    }

    /// Whether a comma-separated list in any of `values` has the member `token`, in any case.
    static func contains(_ token: StaticString, in values: [String]) -> Bool {
        values.contains { value in
            value.utf8.split(separator: UInt8(ascii: ",")).contains { member in
                equalsIgnoringCase(trimmed(member), token)
            }
        }
    }

    private static func trimmed(_ member: Substring.UTF8View) -> Substring.UTF8View {
        var member = member
        while let first = member.first, first == 0x20 || first == 0x09 { member.removeFirst() }
        while let last = member.last, last == 0x20 || last == 0x09 { member.removeLast() }
        return member
    }

    static func equalsIgnoringCase(_ text: some Collection<UInt8>, _ lowercase: StaticString) -> Bool {
        lowercase.withUTF8Buffer { expected in
            text.elementsEqual(expected) { byte, wanted in
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 == wanted : byte == wanted
            }
        }
    }
}
