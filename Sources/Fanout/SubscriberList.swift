internal import PylonNet

/// The connections of one stripe that share a transport: a dense array, so that delivering is a walk without hashing. Belongs to the
/// stripe's loop.
struct SubscriberList {
    private var connections: ContiguousArray<Unmanaged<Connection>> = []
    /// What the list is of.
    private let content: StripeContent

    /// An empty list of those who follow `content`.
    init(of content: StripeContent) {
        self.content = content
    }

    var isEmpty: Bool { connections.isEmpty }

    /// Where its connections are counted: they came through one set of listeners. Nil while there are none.
    var counters: NetCounters? { isEmpty ? nil : connections[0]._withUnsafeGuaranteedRef { $0.counters } }

    /// Adds `connection`, which must be removed before it is closed: the list does not keep it alive.
    mutating func append(_ connection: Connection) {
        connection[placeIn: content] = Int32(connections.count)
        connections.append(.passUnretained(connection))
    }

    /// Takes `connection` out. O(1): the last one takes its place.
    mutating func remove(_ connection: Connection) {
        let index = Int(connection[placeIn: content])
        precondition(index >= 0, "removing a connection that is not attached")
        connection[placeIn: content] = -1
        let last = connections.removeLast()
        guard index < connections.count else { return }
        connections[index] = last
        last._withUnsafeGuaranteedRef { $0[placeIn: content] = Int32(index) }
    }

    /// Calls `send` for everyone, beginning with the subscriber whose turn it is, so that the last is not always last; returns how
    /// many of the calls returned true.
    ///
    /// Nothing in here allocates, locks, hashes or closes: a broken connection is closed at the end of the loop's turn.
    @inline(__always)
    func walk(turn: Int, _ send: (Connection) -> Bool) -> Int {
        let count = connections.count
        guard count > 0 else { return 0 }
        var sent = 0
        connections.withUnsafeBufferPointer { list in
            var index = turn % count
            for _ in 0..<count {
                sent &+= list[index]._withUnsafeGuaranteedRef { send($0) ? 1 : 0 }
                index &+= 1
                if index == count { index = 0 }
            }
        }
        return sent
    }

    /// Calls `body` for everyone; `body` neither adds nor removes anybody.
    @inline(__always)
    func forEach(_ body: (Connection) -> Void) {
        for index in connections.indices {
            connections[index]._withUnsafeGuaranteedRef(body)
        }
    }

    /// Everyone, kept alive for a caller who may remove some.
    var all: [Connection] { connections.map { $0.takeUnretainedValue() } }
}

/// What stripes carry. A connection may follow one stripe of each, and keeps its place in either.
package enum StripeContent: Sendable {
    case snapshots, events
}

extension Connection {
    fileprivate subscript(placeIn content: StripeContent) -> Int32 {
        get { content == .snapshots ? snapshotIndex : eventIndex }
        set { if content == .snapshots { snapshotIndex = newValue } else { eventIndex = newValue } }
    }
}
