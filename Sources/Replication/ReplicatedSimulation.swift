public import PylonSimulation
public import PylonTime

/// A world whose state reaches clients as entities: it changes its table, the engine sends each subscriber what changed of what it
/// may see.
public protocol ReplicatedSimulation: Simulation {
    /// What its entities consist of.
    static var componentSchema: ComponentSchema { get }

    /// Whether ``isVisible(_:to:)`` is to be asked. Default: no.
    static var hasCustomVisibility: Bool { get }

    /// Within what bounds they are sent. Asked once for each shard; those that make no sense trap then. Default: what fits a zone of a kilometre
    /// or two in which people walk.
    static var replicationLimits: ReplicationLimits { get }

    /// Its entities. The engine commits them after every step.
    var entities: EntityTable { get set }

    /// What `subscriber` wants to see now. Called once per subscriber and published tick.
    func interest(of subscriber: SubscriberID) -> Interest

    /// The same by role: a world may show something else to those who only look on. Default: what the subscriber of that name would
    /// see; owner-only fields stay out in any case.
    func interest(of subscriber: SubscriberID, as role: SubscriberRole) -> Interest

    /// Whether those with this ``Interest/viewKey`` may see an entity: fog of war. Called once per entity and group of subscribers that
    /// look from the same cell, after the teams allowed it. Default: yes.
    func isVisible(_ entity: EntityID, to viewKey: UInt32) -> Bool
}

extension ReplicatedSimulation {
    public static var hasCustomVisibility: Bool { false }

    public static var replicationLimits: ReplicationLimits { ReplicationLimits() }

    /// Keeps the state of the step, for what is sent and for ``EntityTable/state(at:)``.
    public mutating func stepEnded(_ tick: Tick) { entities.commit(tick) }

    public func interest(of subscriber: SubscriberID, as role: SubscriberRole) -> Interest {
        interest(of: subscriber)
    }

    public func isVisible(_ entity: EntityID, to viewKey: UInt32) -> Bool { true }
}
