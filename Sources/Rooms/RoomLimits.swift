/// How many rooms there may be, and how much is kept of them.
package struct RoomLimits: Hashable, Sendable {
    /// Rooms at a time (spec/realtime.md 6).
    package var roomsMaximum = 10_000
    /// Members of one room.
    package var membersMaximum = 1000
    /// Rooms that one user is a member of.
    package var roomsPerUserMaximum = 256
    /// Members of all rooms together.
    package var membershipsMaximum = 100_000
    /// Bytes of what a member or a broadcast says, as JSON text.
    package var dataBytesMaximum = 16 << 10
    /// Bytes of what the members of one room say together: what a list of members holds at most, besides their names.
    package var roomBytesMaximum = 1 << 20
    /// Bytes of what the members of all rooms say together.
    package var bytesMaximum = 64 << 20
    /// Bytes of a room's or user's name.
    package var nameBytesMaximum = 256
    /// Bytes of a broadcast's topic.
    package var topicBytesMaximum = 256
    /// How long a member stays without a sign of life.
    package var idleMaximum: Duration = .seconds(120)

    package init() {}
}
