package import PylonEventLoop
package import PylonNet
internal import PylonTelemetry
package import PylonTime
internal import Synchronization

/// A connection as a shard's worker addresses messages for it alone. The worker holds it from admission on; the connection's loop puts the
/// connection in when its stream begins and takes it out when it leaves.
package final class MessageRecipient: @unchecked Sendable {
    // Safety: `connection` belongs to the loop's thread; the rest never changes.

    package let loop: EventLoop
    package let transport: Transports
    private var connection: Connection?
    /// The newest state that the client says it has, and one more, so that 0 is none; the worker takes it.
    private let acknowledged = Atomic<UInt64>(0)

    /// Nobody yet, on `loop`.
    package init(loop: EventLoop, transport: Transports) {
        self.loop = loop
        self.transport = transport
    }

    /// Notes the newest state that the client has; any thread may call it.
    package func acknowledge(_ tick: Tick) {
        // No partner: the number is all there is.
        acknowledged.store(tick.number == .max ? 0 : tick.number + 1, ordering: .relaxed)
    }

    /// Takes what was acknowledged since the last call; nil for nothing.
    package func takeAcknowledged() -> Tick? {
        guard acknowledged.load(ordering: .relaxed) > 0 else { return nil }
        let found = acknowledged.exchange(0, ordering: .relaxed)
        return found > 0 ? Tick(found - 1) : nil
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

    func receive(state bytes: UnsafeRawBufferPointer) {
        guard let connection, connection.isOpen, connection.sendSnapshot(copying: bytes) else { return }
        connection.counters.snapshotsSent.add()
        connection.counters.bytesSent.add(bytes.count)
    }

    /// Messages were lost on the way: the stream ends, so that nobody takes it for whole.
    func loseMessages() { connection?.loseEvents() }

    /// Ends the stream of this connection alone.
    func endStream(_ ending: StreamEnding) {
        guard let connection, connection.isOpen else { return }
        (connection.handler as? StreamHandler)?.end(ending, on: connection)
    }
}
