internal import PylonBytes
package import PylonTime
internal import PylonThreading

/// The id of a row: 40 lowercase hexadecimal digits, 32 of nanoseconds since the epoch and 8 of a counter. Their order
/// as text is that of creation, which cursors rely on.
package struct RowID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// How many digits an id has.
    package static let digitCount = 40

    /// The digits.
    package let text: String

    /// The id that `text` spells; nil unless it is exactly 40 digits, letters in lower case.
    package init?(_ text: String) {
        guard text.utf8.count == Self.digitCount, text.utf8.allSatisfy(Self.isDigit) else { return nil }
        self.text = text
    }

    /// The id of the `count`-th row at a time.
    init(nanoseconds: UInt64, counter: UInt32) {
        text = String(unsafeUninitializedCapacity: Self.digitCount) { digits in
            for index in 0..<16 { digits[index] = UInt8(ascii: "0") }
            for index in 0..<16 {
                digits[16 + index] = Hex.digit(UInt8(truncatingIfNeeded: nanoseconds >> UInt64(60 - index * 4)) & 0xF)
            }
            for index in 0..<8 {
                digits[32 + index] = Hex.digit(UInt8(truncatingIfNeeded: counter >> UInt32(28 - index * 4)) & 0xF)
            }
            return Self.digitCount
        }
    }

    package var description: String { text }

    package static func < (left: RowID, right: RowID) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}

/// Makes the ids of new rows, each greater than the one before, whatever the clock does. Safe from any thread.
package final class RowIDGenerator: Sendable {
    private struct State {
        var nanoseconds: UInt64 = 0
        /// Counts ids from 0 and starts again after 2^32.
        var counter: UInt32 = 0
        var isFirst = true
    }

    private let clock: any Clock
    private let state = Lock(State())

    /// A generator whose counter starts at 0.
    package init(clock: any Clock) {
        self.clock = clock
    }

    /// The next id. Where the clock stands or steps back, time stays at its greatest and the counter alone moves on.
    package func next() -> RowID {
        let now = clock.microsecondsSinceEpoch() &* 1000
        return state.withLock { state in
            if state.isFirst {
                state.isFirst = false
            } else {
                state.counter &+= 1
            }
            // Within one nanosecond only the counter tells ids apart, so that it may not start again there.
            let least = state.counter == 0 ? state.nanoseconds + 1 : state.nanoseconds
            state.nanoseconds = max(now, least)
            return RowID(nanoseconds: state.nanoseconds, counter: state.counter)
        }
    }
}
