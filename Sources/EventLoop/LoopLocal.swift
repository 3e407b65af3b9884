internal import Synchronization

/// A value that each event loop makes for itself when it first needs it, such as a codec whose memory all connections of the loop
/// share. Declare it once, as a `static let`; the loops keep the values for as long as they live.
///
/// ```swift
/// static let inflater = LoopLocal { MessageInflater() }
/// let message = try Self.inflater.value(on: connection.loop).inflate(…)
/// ```
package final class LoopLocal<Value: AnyObject>: Sendable {
    private let slot: Int
    private let make: @Sendable () -> Value

    /// A value that `make` makes, on the loop's thread.
    package init(_ make: @escaping @Sendable () -> Value) {
        slot = LoopSlots.last.wrappingAdd(1, ordering: .relaxed).newValue
        self.make = make
    }

    /// The value of `loop`. On the loop's thread only.
    package func value(on loop: EventLoop) -> Value {
        loop.assertOnLoop()
        // Nobody else has this slot's number.
        if let value = loop.slots[slot] { return unsafeDowncast(value, to: Value.self) }
        let value = make()
        loop.slots[slot] = value
        return value
    }
}

/// The values of one loop, by the numbers of their declarations: few, so that an array does.
struct LoopSlots {
    /// The number given out last.
    fileprivate static let last = Atomic<Int>(-1)

    private var values: [AnyObject?] = []

    subscript(slot: Int) -> AnyObject? {
        get { slot < values.count ? values[slot] : nil }
        set {
            while values.count <= slot { values.append(nil) }
            values[slot] = newValue
        }
    }
}
