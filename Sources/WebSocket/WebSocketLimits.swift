/// How much a peer may send before it is cut off with ``CloseCode/messageTooBig``.
package struct WebSocketLimits: Sendable {
    // 32 bits keep a session small; 4 GiB is beyond what anybody would hold in memory for one peer.
    @usableFromInline let frameMaximum: UInt32
    @usableFromInline let messageMaximum: UInt32

    /// The greatest payload of one frame, in bytes.
    @inlinable
    package var frameBytesMaximum: Int { Int(frameMaximum) }

    /// The greatest message, in bytes, summed over its fragments.
    @inlinable
    package var messageBytesMaximum: Int { Int(messageMaximum) }

    /// Limits in bytes; the defaults are the 16 MiB of the contract (spec/realtime.md §1.4). Values beyond 4 GiB are
    /// clamped.
    package init(frameBytesMaximum: Int = 16 << 20, messageBytesMaximum: Int = 16 << 20) {
        precondition(frameBytesMaximum >= 0 && messageBytesMaximum >= 0, "a limit cannot be negative")
        frameMaximum = UInt32(clamping: frameBytesMaximum)
        messageMaximum = UInt32(clamping: messageBytesMaximum)
    }
}
