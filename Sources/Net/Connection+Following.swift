internal import PylonBytes
internal import PylonTelemetry

extension Connection {
    /// Ends a stream that another follows on this connection: what waits goes out in front of that. Its events are kept, its snapshots, which
    /// are old by then, are not. On the loop.
    package func concludeStream() {
        guard let backlog else { return }
        let dropped = backlog.conclude(into: &outgoing)
        if dropped > 0 { counters.snapshotsDropped.add(dropped) }
    }
}
