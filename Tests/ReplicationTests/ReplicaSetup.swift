import PylonBytes
import PylonSimulation
import PylonTime
import Testing

@testable import PylonReplication

/// A table, a replicator and what it sends, tick by tick.
final class ReplicaSetup {
    struct Frame {
        let tick: UInt64
        let baseAge: UInt64
        let body: [UInt8]
        let owned: [UInt8]
        let shared: SharedBytes
        let isUnchanged: Bool

        var bytes: [UInt8] { body + owned }
    }

    var table: EntityTable
    let replicator: Replicator
    private(set) var tick: UInt64 = 0
    /// What is asked instead of nothing.
    var isVisible: ((EntityID, UInt32) -> Bool)?
    /// Whether frames leave.
    var sends = true

    init(
        limits: ReplicationLimits = ReplicationLimits(), entitiesMaximum: Int = 1000, historyTicks: Int = 16,
        hashTicks: UInt64 = 0
    ) throws {
        let schema = try ComponentSchema(
            position: PositionSchema(dimensions: 2, min: 0, max: 1024, bits: 16),
            types: [
                EntityType(
                    "a",
                    [
                        ComponentField("health", .unsigned(bits: 8)),
                        ComponentField("gold", .unsigned(bits: 16), isOwnerOnly: true),
                        ComponentField("on", .bool),
                    ]),
                EntityType("b"),
            ])
        table = EntityTable(schema: schema, entitiesMaximum: entitiesMaximum, historyTicks: historyTicks)
        replicator = Replicator(schema: schema, limits: limits, hashTicks: hashTicks)
    }

    func add(_ name: String, _ interest: Interest = .everything, bytesPerFrame: Int? = nil) throws -> Replicator.Handle
    {
        try #require(replicator.add(SubscriberID(name), interest: interest, bytesPerFrame: bytesPerFrame))
    }

    /// Commits and packs the next tick.
    @discardableResult
    func step() -> [Replicator.Handle: Frame] {
        tick += 1
        table.commit(Tick(tick))
        var frames: [Replicator.Handle: Frame] = [:]
        replicator.encode(table, isVisible: isVisible) { handle, frame in
            frames[handle] = Frame(
                tick: frame.tick.number, baseAge: frame.baseAge, body: [UInt8](frame.body.unsafeBytes),
                owned: [UInt8](frame.owned), shared: frame.body, isUnchanged: frame.isUnchanged)
            return sends
        }
        return frames
    }

    /// Acknowledges the newest tick.
    func acknowledge(_ handle: Replicator.Handle) { replicator.acknowledge(handle, Tick(tick)) }
}

extension ReplicaDecoder {
    /// Applies a frame of a setup.
    @discardableResult
    func apply(_ frame: ReplicaSetup.Frame) throws(ReplicaError) -> Outcome {
        try apply(tick: Tick(frame.tick), baseAge: frame.baseAge, body: frame.bytes)
    }

    var slots: [UInt32] { (0..<count).map { self[$0].id.slot } }
}
