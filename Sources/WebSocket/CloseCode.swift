/// Why a connection ends (RFC 6455 §7.4 and the IANA registry), with what a client should do next.
package struct CloseCode: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt16

    /// Any code; ``isValidOnWire`` says whether a Close frame may carry it.
    @inlinable
    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// 1000: the purpose is fulfilled, for instance the shard has ended. Reconnect: never by itself; the reason says
    /// what comes next.
    package static let normalClosure = CloseCode(rawValue: 1000)

    /// 1001: this end is leaving: the server drains, or the page is left. Reconnect: at once, to whichever server
    /// answers, with jitter.
    package static let goingAway = CloseCode(rawValue: 1001)

    /// 1002: the peer broke the framing rules. Reconnect: never; the client has a bug that a retry would repeat.
    package static let protocolError = CloseCode(rawValue: 1002)

    /// 1003: the peer sent a kind of message that is not taken here, such as text where only binary is. Reconnect:
    /// never, for the same reason.
    package static let unsupportedData = CloseCode(rawValue: 1003)

    /// 1007: a message contradicts its type: text that is not UTF-8, JSON that is none, or a
    /// compressed form of nothing. Reconnect: never.
    package static let invalidPayload = CloseCode(rawValue: 1007)

    /// 1008: refused: the credential is missing, expired or not enough. Reconnect: only with a new credential.
    package static let policyViolation = CloseCode(rawValue: 1008)

    /// 1009: a frame or a message exceeds its limit. Reconnect: never with the same message.
    package static let messageTooBig = CloseCode(rawValue: 1009)

    /// 1011: the server met a condition it did not expect. Reconnect: with exponential backoff.
    package static let internalError = CloseCode(rawValue: 1011)

    /// 1012: the server restarts. Reconnect: with backoff and jitter, and resume by cursor.
    package static let serviceRestart = CloseCode(rawValue: 1012)

    /// 1013: overloaded, full, or the reader was too slow. Reconnect: with backoff, and resume by cursor.
    package static let tryAgainLater = CloseCode(rawValue: 1013)

    /// 4410: the events behind the client's cursor are gone (as HTTP's 410). Reconnect: without a cursor, then
    /// load the state.
    package static let resyncRequired = CloseCode(rawValue: 4410)

    /// What a client does after a close.
    package enum ReconnectRule: Sendable {
        /// A retry would end the same way.
        case never
        /// At once, with jitter so that not everybody arrives together.
        case immediately
        /// After a delay that grows with every attempt.
        case withBackoff
        /// After obtaining another credential.
        case withNewCredential
    }

    /// The rule of this code. Codes that this server does not send (3000 to 4999 belong to applications) are retried
    /// with backoff.
    package var reconnectRule: ReconnectRule {
        switch rawValue {
        case 1000, 1002, 1003, 1007, 1009, 1010, 4410: .never
        case 1001: .immediately
        case 1008: .withNewCredential
        default: .withBackoff
        }
    }

    /// Whether a Close frame may carry this code (§7.4.1, §7.4.2): 1004 is reserved, 1005, 1006 and 1015 are for
    /// reporting only, and 1000 to 2999 otherwise needs a registration.
    @inlinable
    package var isValidOnWire: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
