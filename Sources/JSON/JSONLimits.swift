/// What a parser accepts; beyond it the text is refused, however well formed.
public struct JSONLimits: Sendable {
    /// What happens to a name that occurs twice in one object (RFC 8259 §4 leaves it open).
    public enum DuplicateKeys: Sendable {
        /// The last value counts, at the place of the first.
        case lastWins
        /// The text is refused.
        case refused
    }

    /// The greatest ``depthMaximum``. Values are read, written, compared and freed by recursion: so deep a text takes
    /// under 512 KiB of stack in a release build and 2 MiB in a debug build.
    public static let depthCeiling = 512

    /// How many arrays and objects may be open at once; at most ``depthCeiling``.
    public let depthMaximum: Int
    /// How many bytes a text may have.
    public let byteCountMaximum: Int
    /// What a repeated name does.
    public let duplicateKeys: DuplicateKeys

    /// Limits; the defaults suit a message from a client. Traps for a depth beyond ``depthCeiling``.
    public init(depthMaximum: Int = 128, byteCountMaximum: Int = 16 << 20, duplicateKeys: DuplicateKeys = .lastWins) {
        precondition((0...Self.depthCeiling).contains(depthMaximum), "depthMaximum beyond \(Self.depthCeiling)")
        self.depthMaximum = depthMaximum
        self.byteCountMaximum = byteCountMaximum
        self.duplicateKeys = duplicateKeys
    }

    /// 128 levels, 16 MiB, the last of equal keys wins.
    public static let standard = JSONLimits()
}
