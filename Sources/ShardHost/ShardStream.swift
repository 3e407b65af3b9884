package import PylonFanout

/// What of a shard can be watched.
package enum ShardStream: Hashable, Sendable {
    /// The state at every published tick, the newest first.
    case snapshots
    /// Every event that the world broadcasts, from behind the cursor on; from now on without one.
    case events(after: EventCursor?)
    /// A stream v2: the state, answers to inputs, and events if asked for.
    case session(SessionOptions)

    /// Whether events are part of it.
    var hasEvents: Bool {
        switch self {
        case .snapshots: false
        case .events: true
        case .session(let options): options.followsEvents
        }
    }

    /// Whether it may take up a seat again, for all that is known before the shard is asked.
    package var hasResumeToken: Bool {
        if case .session(let options) = self { options.resumeToken != nil } else { false }
    }

    /// Whether the state is part of it.
    var hasState: Bool {
        if case .events = self { false } else { true }
    }
}

/// What a client of stream v2 asks for.
package struct SessionOptions: Hashable, Sendable {
    /// Whether the events come, too.
    package var followsEvents = false
    /// With events, the last that the client has; nil for from now on.
    package var eventCursor: EventCursor?
    /// Whether states may come as what changed since one that it has.
    package var takesDeltas = false
    /// The seat that it wants to take up again.
    package var resumeToken: ResumeToken?

    package init() {}
}
