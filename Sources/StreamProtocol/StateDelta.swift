package import PylonBytes

/// What changed of a state's JSON since one that the client has: `05 ‖ tick ‖ base age ‖ operations`, all numbers packed
/// (docs/protocol/stream-v2.md).
///
/// An operation is `move ‖ copy ‖ insert ‖ bytes`: from so many bytes behind where the last copy ended (the start of the base, at first) so many
/// bytes are copied, and so many new ones follow. The move may be negative.
package enum StateDelta {
    /// The type byte in front of it.
    package static let type: UInt8 = 0x05

    /// What stands in front of the operations.
    package struct Head: Hashable, Sendable {
        /// The tick whose state the operations lead to.
        package let tick: UInt64
        /// How many ticks before it the state is that they lead from; at least 1.
        package let baseAge: UInt64

        package init(tick: UInt64, baseAge: UInt64) {
            self.tick = tick
            self.baseAge = baseAge
        }

        /// Appends the head, its type byte included.
        package func write(into output: inout ByteBuffer) {
            output.append(StateDelta.type)
            PackedNumber.write(tick, into: &output)
            PackedNumber.write(baseAge, into: &output)
        }

        /// Reads what stands behind the type byte, and moves `offset` to the operations; nil for what is no head.
        package init?(_ bytes: UnsafeRawBufferPointer, at offset: inout Int) {
            guard let tick = PackedNumber.read(bytes, at: &offset), let age = PackedNumber.read(bytes, at: &offset),
                age >= 1, age <= tick
            else { return nil }
            self.init(tick: tick, baseAge: age)
        }
    }

    /// The state that `operations` make of `base`; nil when they are none that fit it, or make more than `countMaximum` bytes. O(result).
    package static func apply(
        _ operations: UnsafeRawBufferPointer, to base: [UInt8], countMaximum: Int
    ) -> [UInt8]? {
        var state: [UInt8] = []
        state.reserveCapacity(min(base.count + operations.count, countMaximum))
        var offset = 0
        var position = 0
        /// Reads a number that is at most `maximum`.
        func number(_ maximum: Int) -> Int? {
            guard let number = PackedNumber.read(operations, at: &offset), number <= UInt64(maximum) else { return nil }
            return Int(number)
        }
        while offset < operations.count {
            guard let move = PackedNumber.readSigned(operations, at: &offset),
                (-position...base.count - position).contains(move)
            else { return nil }
            position += move
            guard let copied = number(base.count - position), state.count + copied <= countMaximum else { return nil }
            state.append(contentsOf: base[position..<position + copied])
            position += copied
            guard let inserted = number(operations.count - offset), inserted <= operations.count - offset,
                state.count + inserted <= countMaximum
            else { return nil }
            state.append(contentsOf: operations[offset..<offset + inserted])
            offset += inserted
        }
        return state
    }
}
