/// Why a call was refused; it has then changed nothing.
package enum RoomError: Error, Hashable, Sendable {
    /// There are as many rooms as there may be.
    case tooManyRooms(maximum: Int)
    /// The room has as many members as it may, or they say as much as they may.
    case roomFull
    /// The user is in as many rooms as they may.
    case tooManyRoomsOfUser(maximum: Int)
    /// All rooms together have as many members as they may, or those say as much as they may.
    case outOfRoom
    /// What is said is longer than ``RoomLimits/dataBytesMaximum``.
    case dataTooLarge(maximum: Int)
}
