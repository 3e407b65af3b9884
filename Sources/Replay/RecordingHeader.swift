package import PylonSimulation

/// What a recording is of, and how to make that anew.
package struct RecordingHeader: Hashable, Sendable {
    package let shard: String
    /// The name of the shard's kind, by which a program finds the code.
    package let kind: String
    /// The whole `config` object, as JSON.
    package let config: String
    package let seed: UInt64
    /// Steps a second; 0 is event driven.
    package let hertz: UInt64
    /// The program that recorded, for people.
    package let program: String
    /// Microseconds since 1970.
    package let recordedAt: UInt64
    /// Which segment of the shard's life this is, from 0.
    package let segment: UInt64
    /// Whether a saved state comes next; else the recording begins with a new shard.
    package let hasState: Bool

    /// The longest texts: a shard's id, its `config`.
    static let nameBytesMaximum = 1024
    static let configBytesMaximum = 4 << 20

    package init(
        shard: String, kind: String, config: String, seed: UInt64, hertz: UInt64, program: String, recordedAt: UInt64,
        segment: UInt64, hasState: Bool
    ) {
        self.shard = shard
        self.kind = kind
        self.config = config
        self.seed = seed
        self.hertz = hertz
        self.program = program
        self.recordedAt = recordedAt
        self.segment = segment
        self.hasState = hasState
    }

    /// Writes it as the payload of its block.
    package func write(into state: inout StateWriter) {
        state.write(1 as UInt64)
        state.write(shard)
        state.write(kind)
        state.write(config)
        state.write(fixed: seed)
        state.write(hertz)
        state.write(program)
        state.write(recordedAt)
        state.write(segment)
        state.write(hasState)
    }

    package init(_ state: inout StateReader) throws(StateError) {
        _ = try state.readVersion(newest: 1)
        shard = try state.readString(bytesMaximum: Self.nameBytesMaximum)
        kind = try state.readString(bytesMaximum: Self.nameBytesMaximum)
        config = try state.readString(bytesMaximum: Self.configBytesMaximum)
        seed = try state.readFixed()
        hertz = try state.readUInt64()
        program = try state.readString(bytesMaximum: Self.nameBytesMaximum)
        recordedAt = try state.readUInt64()
        segment = try state.readUInt64()
        hasState = try state.readBool()
        try state.finish()
    }
}

/// Blocks that could not be written: nothing behind it can be replayed from what is before it.
package struct RecordingGap: Hashable, Sendable {
    /// Where the shard stood at the beginning of what is missing.
    package let tick: UInt64
    package let blocks: UInt64
    package let bytes: UInt64

    package init(tick: UInt64, blocks: UInt64, bytes: UInt64) {
        self.tick = tick
        self.blocks = blocks
        self.bytes = bytes
    }

    /// Writes it as the payload of its block.
    package func write(into state: inout StateWriter) {
        state.write(tick)
        state.write(blocks)
        state.write(bytes)
    }

    package init(_ state: inout StateReader) throws(StateError) {
        tick = try state.readUInt64()
        blocks = try state.readUInt64()
        bytes = try state.readUInt64()
        try state.finish()
    }
}

/// Why a recording ends where it does. One without it was cut off: the process died, or is still at it.
package enum RecordingEnd: UInt64, Hashable, Sendable {
    /// The shard ended.
    case shardEnded = 1
    /// The next segment goes on.
    case continued = 2
    /// The recording took more room than it may, and its beginning could not go.
    case outOfRoom = 3

    /// Writes it as the payload of its block.
    package func write(into state: inout StateWriter) {
        state.write(rawValue)
    }

    package init(_ state: inout StateReader) throws(StateError) {
        let code = try state.readUInt64()
        guard let end = Self(rawValue: code) else { throw .malformed("an end of the kind \(code)") }
        self = end
        try state.finish()
    }
}
