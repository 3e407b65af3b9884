internal import PylonBytes

/// The subprotocols that a client offers in `Sec-WebSocket-Protocol`, in its order of preference.
///
/// RFC 6455 §4.1 allows tokens only. Clients that cannot set `Authorization` send their credential here, and some
/// leave `/ = : @ ?` unescaped, so any printable ASCII without comma and space is taken; other values are skipped. A
/// value may thus be reflected in a response head without checking it again.
package struct SubprotocolList: Sendable {
    /// A bearer token that travelled as a subprotocol.
    package struct Credential: Hashable, Sendable {
        /// The token, percent-decoded. It may contain any character.
        package let token: String
        /// The offered value as it came: what the 101 response names.
        package let subprotocol: String
    }

    /// The prefix of the value that carries a credential; case-sensitive.
    package static let credentialPrefix = "bearer."

    /// The well-formed values.
    package let values: [String]

    /// Reads the values of all `Sec-WebSocket-Protocol` fields, in the order of the request.
    package init(headerValues: some Sequence<some StringProtocol>) {
        var values: [String] = []
        for line in headerValues {
            for value in line.utf8.split(separator: UInt8(ascii: ",")) {
                let bytes = Self.trim(Array(value))
                guard !bytes.isEmpty, bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else { continue }
                values.append(String(decoding: bytes, as: UTF8.self))
            }
        }
        self.values = values
    }

    /// The first `bearer.` value that percent-decodes to UTF-8; malformed ones are skipped. A `+` stays a `+`:
    /// shipped clients send it raw.
    package var credential: Credential? {
        for value in values where value.hasPrefix(Self.credentialPrefix) {
            let encoded = value.dropFirst(Self.credentialPrefix.count)
            guard let token = PercentCoding.decode(encoded) else { continue }
            return Credential(token: token, subprotocol: value)
        }
        return nil
    }

    /// What the response should name: the first offered value that is in `supported`, else the one that carried the
    /// credential, else nothing. Browsers insist on an answer when they offered any.
    package func choose(from supported: [String] = []) -> String? {
        values.first { supported.contains($0) } ?? credential?.subprotocol
    }

    /// Without the optional white space around a list member (RFC 9110 §5.6.1).
    private static func trim(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        guard let first = bytes.firstIndex(where: { !isSpace($0) }),
            let last = bytes.lastIndex(where: { !isSpace($0) })
        else { return [] }
        return bytes[first...last]
    }
}
