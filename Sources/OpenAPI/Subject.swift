internal import PylonHTTP
internal import PylonSchema

/// The entity or action that an operation or a schema is about.
enum Subject: Sendable {
    case entity(DocumentedEntity)
    case action(Operation)

    /// As the manifest has it, and paths.
    var name: String {
        switch self {
        case .entity(let entity): entity.entity.name
        case .action(let action): action.name
        }
    }

    /// What `*` stands for in the names of operations and schemas: an action's begins with a capital (spec/data.md 6.1).
    var title: String {
        guard case .action(let action) = self else { return name }
        return action.name.prefix(1).uppercased() + action.name.dropFirst()
    }

    /// The subjects that a route has an operation of each for.
    static func all(_ kind: RouteSubject, in app: DocumentedApp) -> [Subject] {
        switch kind {
        case .entity: app.entities.map { .entity($0) }
        case .searchableEntity: app.entities.filter { $0.entity.search != nil }.map { .entity($0) }
        case .action: app.actions.map { .action($0) }
        }
    }
}
