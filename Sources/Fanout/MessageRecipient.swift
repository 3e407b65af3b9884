package import PylonEventLoop
package import PylonNet

/// A connection as a shard's worker addresses messages for it alone. The worker holds it from admission on; the connection's loop puts the
/// connection in when its stream begins and takes it out when it leaves.
package final class MessageRecipient: @unchecked Sendable {
    // Safety: `connection` belongs to the loop's thread; the rest never changes.

    package let loop: EventLoop
    package let transport: Transports
    private var connection: Connection?

    /// Nobody yet, on `loop`.
    package init(loop: EventLoop, transport: Transports) {
        self.loop = loop
        self.transport = transport
    }

    // MARK: On the loop

    /// From now on messages reach `connection`.
    package func begin(_ connection: Connection) {
        loop.assertOnLoop()
        self.connection = connection
    }

    /// Messages that still come are for nobody.
    package func end() {
        loop.assertOnLoop()
        connection = nil
    }

    func receive(_ bytes: UnsafeRawBufferPointer) { connection?.sendMessage(bytes) }

    /// Messages were lost on the way: the stream ends, so that nobody takes it for whole.
    func loseMessages() { connection?.loseEvents() }

    /// Ends the stream of this connection alone.
    func endStream(_ ending: StreamEnding) {
        guard let connection else { return }
        (connection.handler as? StreamHandler)?.end(ending, on: connection)
    }
}
