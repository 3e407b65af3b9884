package import PylonBytes

/// Who has said goodbye, and what to answer to what was read (RFC 6455 §5.5 and §7).
///
/// It writes answers into the caller's output and says when the transport can go. Deadlines are the caller's: for the
/// peer's Close frame behind ``begin(_:reason:maskingKey:into:)``, and for the end of the transport.
package struct CloseHandshake: Sendable {
    /// How far closing has come.
    package enum State: Hashable, Sendable {
        /// Nobody has closed; messages flow both ways.
        case open
        /// This end has sent its Close frame and waits for the peer's. Messages still arrive, none may be sent.
        case closeSent
        /// Both Close frames have passed; the transport ends next.
        case closed
        /// The peer broke a rule and was told; nothing that it sends matters any more.
        case failed
    }

    /// What the caller does after an event.
    package enum Next: Hashable, Sendable {
        /// Flush whatever was written, and read on.
        case carryOn
        /// Flush, then close the transport (§7.1.1: the server closes it first).
        case disconnect
        /// Flush, then wait for the server to close the transport.
        case awaitDisconnect
    }

    /// Which end this is.
    package let role: WebSocketRole
    /// How far closing has come.
    package private(set) var state = State.open
    /// The code of this end's Close frame, once sent; nil if it carried none.
    package private(set) var codeSent: CloseCode?
    /// The code of the peer's Close frame, once received; nil if it carried none.
    package private(set) var codeReceived: CloseCode?

    /// An open connection.
    package init(role: WebSocketRole) {
        self.role = role
    }

    /// Whether messages and pings may still be sent (§5.5.1: nothing behind a Close frame).
    package var canSend: Bool { state == .open }

    /// Starts closing from this end: appends a Close frame, unless one was sent before. Returns whether it did.
    ///
    /// Continue to read until ``respond(to:maskingKey:into:)`` says to disconnect or the deadline has passed.
    @discardableResult
    package mutating func begin(
        _ code: CloseCode?, reason: String = "", maskingKey: MaskingKey? = nil, into output: inout ByteBuffer
    ) -> Bool {
        guard state == .open else { return false }
        checkMask(maskingKey)
        FrameEncoder.writeClose(code, reason: reason, maskingKey: maskingKey, into: &output)
        codeSent = code
        state = .closeSent
        return true
    }

    /// Appends the answer to `event`: a pong for a ping, the same code for a close, the failure's code for a failure,
    /// nothing for messages and pongs. A client passes a fresh masking key.
    package mutating func respond(
        to event: WebSocketEvent, maskingKey: MaskingKey? = nil, into output: inout ByteBuffer
    ) -> Next {
        checkMask(maskingKey)
        switch event {
        case .text, .binary, .pong: return .carryOn
        case .ping(let payload):
            if canSend { FrameEncoder.write(.pong, payload, maskingKey: maskingKey, into: &output) }
            return .carryOn
        case .close(let code, _):
            codeReceived = code
            begin(code, maskingKey: maskingKey, into: &output)
            state = .closed
            return role == .server ? .disconnect : .awaitDisconnect
        case .failure(let error):
            begin(error.closeCode, reason: "\(error.reason)", maskingKey: maskingKey, into: &output)
            state = .failed
            return .disconnect
        }
    }

    private func checkMask(_ maskingKey: MaskingKey?) {
        precondition((maskingKey != nil) == (role == .client), "clients mask, servers do not (RFC 6455 §5.1)")
    }
}
