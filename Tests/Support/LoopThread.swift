package import PylonEventLoop
internal import PylonNet
internal import PylonThreading
package import PylonTime

/// A value that belongs to a loop, on its way through the thread of a test.
package struct OnLoop<Value>: @unchecked Sendable {
    // Safety: tests look inside on the value's own loop only, where the modules' `assertOnLoop` checks them.
    package let value: Value

    package init(_ value: Value) {
        self.value = value
    }
}

/// An event loop running on a thread of its own.
package final class LoopThread: Sendable {
    package let loop: EventLoop
    private let thread: Thread

    package init(index: Int = 0, clock: any Clock = SystemClock()) throws {
        loop = try EventLoop(index: index, clock: clock)
        thread = loop.start()
    }

    /// Runs `body` on the loop and waits for what it returns.
    @discardableResult
    package func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) throws -> R {
        let answer = Mailbox<Result<R, any Error>>()
        loop.submit { answer.put(Result { try body() }) }
        return try answer.next().get()
    }

    /// Waits until the loop has begun and ended a turn from its start.
    package func turn() throws {
        try run {}
        try run {}
    }

    /// Keeps the loop busy until the function returned is called.
    package func hold() throws -> () -> Void {
        let isHeld = Mailbox<Void>()
        let released = Mailbox<Void>()
        loop.submit {
            isHeld.put(())
            // A test that fails meanwhile never releases; the loop goes on after the mailbox's deadline.
            _ = try? released.next()
        }
        _ = try isHeld.next()
        return { released.put(()) }
    }

    /// Closes what is registered, ends the loop and waits for its thread.
    package func stop() {
        let loop = loop
        loop.submit {
            for channel in loop.registeredChannels {
                (channel as? Connection)?.close()
                (channel as? Listener)?.stop()
            }
            loop.stop()
        }
        thread.join()
    }
}
