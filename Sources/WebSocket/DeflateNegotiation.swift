/// Agrees on permessage-deflate (RFC 7692 §7.1), always without context takeover in either direction: what this end compresses
/// is shared by many connections, and no connection keeps a window.
package enum DeflateNegotiation {
    /// What this end offers as a client.
    package static let offer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

    /// The answer to the first offer that can be accepted, as the value of `Sec-WebSocket-Extensions`; nil to go without.
    /// `offers` are the values of all such fields of the request. What is malformed is declined: it is never an error.
    package static func answer(to offers: [String]) -> String? {
        guard !offers.isEmpty, let list = ExtensionList(headerValues: offers) else { return nil }
        for element in list.elements {
            guard let parameters = Parameters(element, isOffer: true) else { continue }
            // A server may impose client_no_context_takeover unasked (§7.1.1.2). client_max_window_bits is left out: the one
            // inflater of a loop has the full window anyway.
            var answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
            if let windowBits = parameters.serverWindowBits {
                // One compression serves all, so that its window is the same for all. The few who can only hold less go
                // without; a smaller window for everybody would cost everybody. With 8 bits, zlib could not make a raw
                // stream anyway: its smallest window is 9 bits.
                guard windowBits >= MessageDeflater.windowBits else { continue }
                answer += "; server_max_window_bits=\(MessageDeflater.windowBits)"
            }
            return answer
        }
        return nil
    }

    /// Whether a server's answer to ``offer`` agrees on the extension: false when there is none, nil when it says what a
    /// client must not accept (§7.1: the connection has to fail).
    package static func check(answer: [String]) -> Bool? {
        guard let list = ExtensionList(headerValues: answer) else { return nil }
        guard let element = list.elements.first else { return false }
        guard list.elements.count == 1, let parameters = Parameters(element, isOffer: false),
            parameters.hasServerNoContextTakeover, parameters.clientWindowBits == nil
        else { return nil }
        return true
    }

    /// The parameters of one offer or answer, valid by §7.1.
    private struct Parameters {
        var hasServerNoContextTakeover = false
        var hasClientNoContextTakeover = false
        var serverWindowBits: Int?
        /// 15 when offered without a value.
        var clientWindowBits: Int?

        /// Nil for another extension, and for an unknown, repeated or invalid parameter: each declines the offer (§7.1).
        init?(_ element: ExtensionList.Element, isOffer: Bool) {
            guard element.name == "permessage-deflate" else { return nil }
            for parameter in element.parameters {
                switch (parameter.name, parameter.value) {
                case ("server_no_context_takeover", nil) where !hasServerNoContextTakeover:
                    hasServerNoContextTakeover = true
                case ("client_no_context_takeover", nil) where !hasClientNoContextTakeover:
                    hasClientNoContextTakeover = true
                case ("server_max_window_bits", let value?) where serverWindowBits == nil:
                    guard let bits = Self.windowBits(value) else { return nil }
                    serverWindowBits = bits
                case ("client_max_window_bits", nil) where isOffer && clientWindowBits == nil:
                    clientWindowBits = 15
                case ("client_max_window_bits", let value?) where clientWindowBits == nil:
                    guard let bits = Self.windowBits(value) else { return nil }
                    clientWindowBits = bits
                default: return nil
                }
            }
        }

        /// 8 to 15, without leading zeros (§7.1.2.1).
        private static func windowBits(_ value: String) -> Int? {
            guard let bits = Int(value), (8...15).contains(bits), value == "\(bits)" else { return nil }
            return bits
        }
    }
}
