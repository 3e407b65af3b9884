/// The number of an event in its stream, and so a place in it: a client that names the last event it has gets every one after it.
///
/// Streams begin at the time of their making in microseconds since 1970 and count by one: a stream made anew under the same name
/// begins behind the old one's end, so that a cursor of the old one is recognised as too old. Below 2^53 until the year 2255.
package struct EventCursor: Hashable, Comparable, Sendable {
    package let number: UInt64

    package init(_ number: UInt64) {
        self.number = number
    }

    package static func < (left: EventCursor, right: EventCursor) -> Bool { left.number < right.number }

    /// The cursor `count` events later.
    package func advanced(by count: Int) -> EventCursor { EventCursor(number + UInt64(count)) }
}
