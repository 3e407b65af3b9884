internal import CSystem
internal import PylonBytes

/// Bytes from the operating system's random source, for tokens.
package enum SecureRandom {
    /// `count` bytes, 0...256. Traps if the system has none to give, which Linux rules out once it has booted.
    package static func bytes(_ count: Int) -> [UInt8] {
        precondition((0...256).contains(count), "getrandom promises 256 bytes at a time")
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = getrandom(buffer.baseAddress, count, 0)
            precondition(initialized == count, "the system's random source failed")
        }
    }

    /// `count` bytes in hexadecimal.
    package static func hex(_ count: Int) -> String { Hex.encode(bytes(count)) }

    /// A number for seeding.
    package static func number() -> UInt64 {
        bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
