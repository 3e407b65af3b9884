/// A response's body that is made in pieces while it is sent, at the client's pace: for what does not fit into memory.
package protocol HTTPBodySource: AnyObject, Sendable {
    /// The next piece. Asked for when the one before has been sent, never twice at a time, and not again after ``HTTPBodyPiece/end`` or
    /// ``HTTPBodyPiece/broken``.
    func next() async -> HTTPBodyPiece

    /// Nobody will ask for more: the body has been sent, or its reader is gone. Called once, from the connection's loop: it must not block.
    func close()
}

/// A piece of a body.
package enum HTTPBodyPiece: Sendable {
    case bytes([UInt8])
    /// The body is complete.
    case end
    /// There is no more, and what was sent is not all: the connection is cut, so that the client notices.
    case broken
}
