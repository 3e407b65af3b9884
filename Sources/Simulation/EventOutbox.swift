internal import PylonJSON

/// What a simulation broadcasts in one step, as JSON values one behind the other. The shard's worker takes them after the step and
/// uses the memory again.
public final class EventOutbox {
    private var writer = JSONWriter()
    /// Where each event ends in the bytes.
    package private(set) var ends: [Int] = []

    public init() {}

    /// Whether nothing was broadcast.
    public var isEmpty: Bool { ends.isEmpty }

    /// The number of events.
    public var count: Int { ends.count }

    /// The bytes of all events, valid during `body`.
    package func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R { writer.withUnsafeBytes(body) }

    /// Each event's JSON, for tests and replays.
    public var texts: [String] {
        writer.withUnsafeBytes { bytes in
            ends.indices.map { index in
                String(decoding: bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]], as: UTF8.self)
            }
        }
    }

    func append(_ write: (inout JSONWriter) -> Void) {
        writer.beginAnother()
        write(&writer)
        precondition(writer.isComplete, "an event is exactly one JSON value")
        ends.append(writer.count)
    }

    /// Takes back what was broadcast behind the first `count` events.
    func truncate(to count: Int) {
        guard count < ends.count else { return }
        writer.truncate(to: count == 0 ? 0 : ends[count - 1])
        ends.removeLast(ends.count - count)
    }

    /// Forgets the events, keeps the memory.
    package func removeAll() {
        writer.reset()
        ends.removeAll(keepingCapacity: true)
    }
}
