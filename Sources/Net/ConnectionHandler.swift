/// The protocol spoken on a connection at the moment: HTTP at first, then perhaps WebSocket or an event stream.
///
/// Every call comes on the connection's loop. A class rather than a protocol: the calls go through one vtable load.
open class ConnectionHandler {
    public init() {}

    /// Bytes arrived, `bytes` being everything unread. Returns how many were consumed; the rest is offered again, with more behind
    /// it. The bytes may be changed in place (unmasking) and are valid during the call only.
    open func received(_ bytes: UnsafeMutableRawBufferPointer, on connection: Connection) -> Int { bytes.count }

    /// The peer will send nothing more. Closes by default; a handler that still owes an answer overrides it.
    open func peerFinished(on connection: Connection) {
        connection.close()
    }

    /// The deadline set with `Connection.setDeadline` has come.
    open func deadlinePassed(on connection: Connection) {}

    /// Everything written so far has been handed to the kernel.
    open func drained(on connection: Connection) {}

    /// Events were left out because the client is too slow: the stream has a gap now and must end. Closes by default; a handler that
    /// can say goodbye overrides it.
    open func eventsLost(on connection: Connection) {
        connection.close()
    }

    /// The connection is closed, for whatever reason. The last call a handler gets.
    open func closed(on connection: Connection) {}
}
