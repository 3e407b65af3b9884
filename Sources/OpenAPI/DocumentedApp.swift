package import PylonSchema

/// What a document says of the app: its name, its entities and its actions.
package struct DocumentedApp: Sendable {
    package let title: String
    package let version: String
    package let entities: [DocumentedEntity]
    package let actions: [Operation]
    /// Whether rows have 0 and 1 for booleans.
    package let writesBoolsAsIntegers: Bool
    /// Whether code of the app runs on changes of rows.
    let hasHooks: Bool
    /// The actions that do something.
    let boundActions: Set<String>

    /// The app of a manifest. `secret` and `hidden` name the fields of an entity that nobody reads, and that only administrators do.
    package init(
        _ manifest: Manifest, writesBoolsAsIntegers: Bool = false, hasHooks: Bool = false,
        boundActions: Set<String> = [], secret: (String) -> Set<String>,
        hidden: (String) -> Set<String>
    ) {
        title = manifest.name
        version = manifest.appVersion
        entities = manifest.entities.map {
            DocumentedEntity(entity: $0, secret: secret($0.name), hidden: hidden($0.name))
        }
        actions = manifest.actions
        self.writesBoolsAsIntegers = writesBoolsAsIntegers
        self.hasHooks = hasHooks
        self.boundActions = boundActions
    }

    /// A server without an app.
    package init(title: String, version: String) {
        self.title = title
        self.version = version
        entities = []
        actions = []
        writesBoolsAsIntegers = false
        hasHooks = false
        boundActions = []
    }
}

/// An entity, and which of its fields stay inside the server.
package struct DocumentedEntity: Sendable {
    package let entity: Entity
    /// Fields that nobody reads.
    package let secret: Set<String>
    /// Fields that at most administrators read.
    package let hidden: Set<String>

    /// The relations that lead to one row.
    var links: [String] { entity.relations.filter { !$0.isMany }.map(\.name) }

    /// The fields that somebody reads.
    var readable: [Field] { entity.fields.filter { !secret.contains($0.name) } }
}
