/// The greatest request body that a route accepts.
package struct BodyLimit: Hashable, Sendable {
    /// Nil for the server's default.
    package let bytesMaximum: Int?

    /// What ``HTTPLimits/bodyBytesMaximum`` says.
    package static var standard: Self { Self(bytesMaximum: nil) }
    /// No body at all.
    package static var none: Self { Self(bytesMaximum: 0) }

    /// So many bytes.
    package static func bytes(_ count: Int) -> Self { Self(bytesMaximum: count) }
    /// So many times 1,024 bytes.
    package static func kibi(_ count: Int) -> Self { Self(bytesMaximum: count * 1024) }
    /// So many times 1,048,576 bytes.
    package static func mebi(_ count: Int) -> Self { Self(bytesMaximum: count * 1024 * 1024) }
}
