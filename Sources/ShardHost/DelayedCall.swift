internal import PylonTime

/// Something that a worker does once, when its time has come.
final class DelayedCall: TickTask {
    private let body: () -> Void

    init(_ body: @escaping () -> Void) {
        self.body = body
    }

    func run(now: Instant) -> Instant? {
        body()
        return nil
    }
}
