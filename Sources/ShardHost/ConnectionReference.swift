package import PylonEventLoop
package import PylonNet

/// A connection on its way through other threads; only its own loop may look inside.
package struct ConnectionReference: @unchecked Sendable {
    // Safety: `onLoop` asserts the loop's thread; the reference itself is immutable.

    private let connection: Connection
    package let loop: EventLoop

    package init(_ connection: Connection) {
        self.connection = connection
        loop = connection.loop
    }

    /// The connection. On its loop only.
    package var onLoop: Connection {
        loop.assertOnLoop()
        return connection
    }
}
