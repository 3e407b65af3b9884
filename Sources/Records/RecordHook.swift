public import PylonJSON

/// Code of an app that shapes, refuses or watches changes of rows, whichever way they come: over HTTP, in batches, imports or actions.
///
/// ```swift
/// RecordHook("slug", on: ["Post"], before: { change in
///     guard change.kind == .insert else { return }
///     change.values["slug"] = .string(slug(of: change.values["title"]?.string ?? ""))
/// })
/// ```
///
/// Hooks run in the order they were given. They run on the database's one writing thread, within the transaction: they compute for
/// microseconds, wait for nothing, and have no effects of their own in `before`, which may run again when a neighbour's failure made the
/// transaction start over.
public struct RecordHook: Sendable {
    /// A change of one row.
    public struct Change: Sendable {
        /// What is done to the row.
        public enum Kind: String, Hashable, Sendable {
            case insert, update, delete
        }

        public let kind: Kind
        public let entity: String
        /// The row's id.
        public let id: String
        /// Who makes the change; nil for the anonymous.
        public let userID: String?
        /// Whether an administrator, or the app's own code, makes it.
        public let isAdmin: Bool
        /// The row as it was, every column by name; nil for inserts.
        public let old: JSONObject?
        /// The fields that are written, by name: for inserts all of them, for updates those that change, for deletes none. What `before` makes
        /// of them is checked against the manifest's types like the client's own.
        public var values: JSONObject
    }

    /// What a client gets instead of its change.
    public struct Refusal: Error, Hashable, Sendable {
        /// Stable, in capitals, such as `VALIDATION_FAILED`.
        public let code: String
        /// A sentence for people.
        public let message: String
        /// From 400 to 499; anything else is sent as 400.
        public let status: Int

        public init(code: String, message: String, status: Int = 400) {
            self.code = code
            self.message = message
            self.status = status
        }
    }

    /// The name in logs.
    let name: String
    /// Nil for all.
    let entities: Set<String>?
    let before: (@Sendable (inout Change) throws(Refusal) -> Void)?
    let after: (@Sendable (Change) -> Void)?

    /// A hook on changes of `entities`, of all without them.
    ///
    /// `before` runs when the rules have allowed the change: it may set other values, or refuse. `after` runs once the change is durable, in the
    /// order of the commits, and before the client is answered; what takes time it hands to somebody else.
    public init(
        _ name: String, on entities: Set<String>? = nil,
        before: (@Sendable (inout Change) throws(Refusal) -> Void)? = nil,
        after: (@Sendable (Change) -> Void)? = nil
    ) {
        self.name = name
        self.entities = entities
        self.before = before
        self.after = after
    }
}
