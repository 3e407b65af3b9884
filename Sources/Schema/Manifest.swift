/// What an app declares: its entities, operations and rules (docs of the file's format: spec/data.md 1).
///
/// Immutable for the life of the process. `ManifestParser` makes it out of a file and guarantees what it promises: names
/// are valid and distinct, and every reference has its target.
package struct Manifest: Hashable, Sendable {
    /// The only version there is.
    package static let supportedVersion = 1

    /// The format's version, ``supportedVersion``.
    package let version: Int
    /// The app's name; the session cookie is named after it.
    package let name: String
    /// The app's own version, free text.
    package let appVersion: String
    /// In the order of the file.
    package let entities: [Entity]
    /// Pages of the app; metadata for tools.
    package let routes: [ManifestRoute]
    /// Declared reads.
    package let queries: [Operation]
    /// Declared writes.
    package let actions: [Operation]
    /// Who may do what.
    package let policies: [PolicyRule]
    /// Sign-in settings.
    package let auth: AuthSettings

    private let entityPositions: NamePositions
    private let queryPositions: NamePositions
    private let actionPositions: NamePositions

    package init(
        version: Int = supportedVersion, name: String, appVersion: String, entities: [Entity],
        routes: [ManifestRoute] = [], queries: [Operation] = [], actions: [Operation] = [],
        policies: [PolicyRule] = [], auth: AuthSettings = AuthSettings()
    ) {
        self.version = version
        self.name = name
        self.appVersion = appVersion
        self.entities = entities
        self.routes = routes
        self.queries = queries
        self.actions = actions
        self.policies = policies
        self.auth = auth
        entityPositions = NamePositions(entities.map(\.name))
        queryPositions = NamePositions(queries.map(\.name))
        actionPositions = NamePositions(actions.map(\.name))
    }

    /// The entity of that name, which is case-sensitive; O(1).
    package func entity(_ name: String) -> Entity? {
        entityPositions[name].map { entities[$0] }
    }

    /// The query of that name; O(1).
    package func query(_ name: String) -> Operation? {
        queryPositions[name].map { queries[$0] }
    }

    /// The action of that name; O(1).
    package func action(_ name: String) -> Operation? {
        actionPositions[name].map { actions[$0] }
    }
}
