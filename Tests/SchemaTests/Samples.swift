import PylonJSON
import PylonSchema

/// Manifests and values that the tests share.
enum Samples {
    /// The example of spec/data.md 1.1 with the user entity that it refers to.
    static let todos = """
        {
          "manifest_version": 1, "name": "todos", "version": "0.1.0",
          "entities": [
            {"name": "Todo",
             "fields": [
               {"name": "title", "type": "string", "optional": false, "unique": false},
               {"name": "done", "type": "bool", "optional": false, "unique": false},
               {"name": "ownerId", "type": "id(User)", "optional": true, "unique": false},
               {"name": "notes", "type": "richtext", "optional": true, "unique": false, "crdt": "text"},
               {"name": "priority", "type": "int", "optional": true, "unique": false},
               {"name": "price", "type": "float", "optional": true, "unique": false},
               {"name": "due", "type": "datetime", "optional": true, "unique": false}
             ],
             "indexes": [{"name": "by_owner", "fields": ["ownerId", "done"], "unique": false}],
             "relations": [{"name": "owner", "target": "User", "field": "ownerId", "many": false}],
             "search": {"text": ["title"], "facets": ["done"], "sortable": ["title"], "language": "english"},
             "crdt": true},
            {"name": "User",
             "fields": [{"name": "email", "type": "string", "optional": false, "unique": true}],
             "indexes": [],
             "relations": [{"name": "todos", "target": "Todo", "field": "ownerId", "many": true}],
             "crdt": false}
          ],
          "routes": [{"path": "/todos/:id", "mode": "server", "query": "todoById", "auth": "user"}],
          "queries": [{"name": "todoById",
                       "input": [{"name": "id", "type": "id(Todo)", "optional": false, "unique": false}]}],
          "actions": [{"name": "toggleTodo",
                       "input": [{"name": "todoId", "type": "id(Todo)", "optional": false, "unique": false}]}],
          "policies": [
            {"name": "todoOwner", "entity": "Todo", "allowRead": "auth.userId != null",
             "allowWrite": "auth.userId == data.ownerId"},
            {"name": "canToggle", "action": "toggleTodo", "allow": "auth.userId != null"}
          ],
          "auth": {
            "user": {"entity": "User", "expose": [], "hide": ["internalNotes"]},
            "session": {"expires_in": 3600,
                        "cookie_cache": {"enabled": true, "max_age": 60, "claims": ["is_admin"]}},
            "trusted_origins": ["https://app.example.com"]
          }
        }
        """

    static func json(_ text: String) throws -> JSONValue {
        try JSONParser.parse(text)
    }

    static func manifest() throws -> Manifest {
        let result = ManifestParser.parse(try json(todos))
        guard let manifest = result.manifest else { throw Unusable(diagnostics: result.diagnostics) }
        return manifest
    }

    static func todo() throws -> Entity {
        guard let entity = try manifest().entity("Todo") else { throw Unusable(diagnostics: []) }
        return entity
    }

    /// A sample that is broken itself.
    struct Unusable: Error {
        let diagnostics: [Diagnostic]
    }
}
