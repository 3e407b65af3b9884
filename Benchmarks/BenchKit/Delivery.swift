/// What one client received in the window, enough to tell whether any tick was lost, doubled or out of order.
package struct Delivery: Sendable {
    /// Frames whose timestamp lies in the window.
    package private(set) var frames = 0
    package private(set) var firstTick: UInt64?
    package private(set) var lastTick: UInt64?
    /// Frames that did not follow the frame before them by exactly one tick.
    package private(set) var breaks = 0

    package init() {}

    package mutating func record(tick: UInt64) {
        if let lastTick, tick != lastTick &+ 1 { breaks += 1 }
        if firstTick == nil { firstTick = tick }
        lastTick = tick
        frames += 1
    }

    /// Whether this client got every tick from `first` to `last`, once and in order.
    package func isComplete(from first: UInt64, through last: UInt64) -> Bool {
        firstTick == first && lastTick == last && breaks == 0
    }
}
