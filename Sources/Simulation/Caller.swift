/// Who is behind a connection or request, as far as a simulation needs to know.
public struct Caller: Hashable, Sendable {
    /// The signed-in user or guest; nil for the anonymous.
    public let userID: String?
    public let isAdmin: Bool
    /// The operating system's user behind a connection over the server's Unix socket; nil over TCP. A world may trust the processes of
    /// a certain user without a token.
    public let systemUserID: UInt32?

    public init(userID: String?, isAdmin: Bool, systemUserID: UInt32? = nil) {
        self.userID = userID
        self.isAdmin = isAdmin
        self.systemUserID = systemUserID
    }

    /// The rule that applies where a simulation states none: admins may act as anyone, others only as themselves
    /// (spec/realtime.md 2.1).
    public func owns(_ subscriber: SubscriberID) -> Authorization {
        if isAdmin || userID == subscriber.name { return .allowed }
        return .refused(reason: userID == nil ? "sign in first" : "the subscriber id must be your user id")
    }
}

/// The answer to "may they?".
public enum Authorization: Hashable, Sendable {
    case allowed
    /// The reason is shown to the caller.
    case refused(reason: String)
}
