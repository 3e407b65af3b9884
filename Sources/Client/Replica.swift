@_exported public import PylonReplication
internal import PylonThreading
public import PylonTime

/// The entities of a world as this client sees them, kept up to date by the stream.
///
/// Frames are applied on the client's loop; readers take turns with it.
public final class Replica: Sendable {
    private let decoder: Lock<ReplicaDecoder>

    /// `onEvent` is called on the loop for what each frame brought, changed and took away, before the state is told of. It must neither block
    /// nor read this replica.
    init(schema: ComponentSchema, onEvent: (@Sendable (ReplicaEvent) -> Void)? = nil) {
        let decoder = ReplicaDecoder(schema: schema)
        decoder.onEvent = onEvent
        self.decoder = Lock(decoder)
    }

    /// Lends the newest view to `body`, which only reads it: frames wait meanwhile, so it should be short.
    public func withEntities<Result: Sendable, Failure: Error>(
        _ body: (ReplicaDecoder) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try decoder.withLock { (decoder) throws(Failure) in try body(decoder) }
    }

    /// The tick of the newest frame applied; nil before the first.
    public var tick: Tick? { withEntities { $0.tick } }

    /// The hash of what is in view (``ReplicaDecoder/viewHash``).
    var viewHash: UInt64 { withEntities { $0.viewHash } }

    /// How many entities are in view.
    public var count: Int { withEntities { $0.count } }
}

extension Replica: StateDecoder {
    func apply(_ frame: EntityFrame) -> StateOutcome {
        decoder.withLock { decoder in
            do throws(ReplicaError) {
                switch try decoder.apply(tick: frame.tick, baseAge: frame.baseAge, bytes: frame.body) {
                case .applied: return .applied
                case .stale: return .skipped
                case .baseMissing: return .needsKeyframe
                }
            } catch {
                return .failed("\(error)")
            }
        }
    }
}
