internal import CSystem

/// A named operating-system thread that runs one body to its end and can be joined once.
public final class Thread: Sendable {
    private let handle: pthread_t

    private init(handle: pthread_t) {
        self.handle = handle
    }

    /// Starts `body` on a new thread. `name` is cut to the 15 bytes that Linux keeps and shows in `top -H`.
    ///
    /// Traps when the system refuses a thread: threads are made at start-up only, where nothing can go on without.
    public static func spawn(name: String, _ body: @escaping @Sendable () -> Void) -> Thread {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var handle = pthread_t()
        let result = pthread_create(
            &handle, nil,
            { raw in
                guard let raw else { return nil }
                let start = Unmanaged<Start>.fromOpaque(raw).takeRetainedValue()
                csystem_name_current_thread(String(decoding: start.name.utf8.prefix(15), as: UTF8.self))
                start.body()
                return nil
            }, start.toOpaque())
        precondition(result == 0, "cannot start thread \(name): error \(result)")
        return Thread(handle: handle)
    }

    /// Lets other threads go before the calling one where there are fewer processors than threads that want to run: for work that may take
    /// long beside threads on which somebody waits. It gets a tenth of what they get, and all that they leave.
    public static func giveWay() {
        csystem_yield_to_others(10)
    }

    /// Waits until the body has returned. Call it exactly once, from another thread.
    public func join() {
        pthread_join(handle, nil)
    }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}
