extension ManifestParser {
    /// A query or an action: they are declared alike.
    enum OperationKind {
        case query
        case action
    }

    mutating func operations(_ nodes: [Node], _ kind: OperationKind) -> [Operation] {
        var taken: Set<String> = []
        let what = kind == .query ? "query" : "action"
        return nodes.compactMap { node -> Operation? in
            let name = reader.text("name", of: node)
            let input = inputs(of: node)
            guard let name else { return nil }
            let path = node.path.key("name")
            if name.isEmpty {
                reader.error(
                    kind == .query ? .queryNameEmpty : .actionNameEmpty, at: path, "the \(what) has an empty name",
                    hint: "give it a name")
            } else if !taken.insert(name).inserted {
                reader.error(
                    kind == .query ? .queryDuplicate : .actionDuplicate, at: path,
                    "a second \(what) is named \(JSONText.quoted(name))", hint: "give it another name")
            }
            return Operation(name: name, input: input)
        }
    }

    private mutating func inputs(of node: Node) -> [Field] {
        var taken: Set<String> = []
        return reader.nodes("input", of: node, maximum: ManifestLimits.inputCountMaximum).compactMap { node -> Field? in
            guard let field = field(node, typeUnknown: .inputFieldTypeUnknown) else { return nil }
            let path = node.path.key("name")
            if field.name.isEmpty {
                reader.error(.inputFieldNameEmpty, at: path, "the input has an empty name", hint: "give it a name")
            } else if !taken.insert(field.name).inserted {
                reader.error(
                    .inputFieldDuplicate, at: path, "a second input is named \(JSONText.quoted(field.name))",
                    hint: "give it another name")
            }
            return field
        }
    }

    mutating func routes(_ nodes: [Node]) -> [ManifestRoute] {
        var taken: Set<String> = []
        return nodes.compactMap { node -> ManifestRoute? in
            let path = reader.text("path", of: node)
            let mode = reader.text("mode", of: node)
            let query = reader.optionalText("query", of: node)
            let auth = reader.optionalText("auth", of: node)
            if let path { checkPath(path, in: &taken, at: node.path.key("path")) }
            if let mode, !ManifestRoute.knownModes.contains(mode) {
                reader.warning(
                    .routeModeUnknown, at: node.path.key("mode"), "\(JSONText.quoted(mode)) is no mode",
                    hint: "write one of \(ManifestRoute.knownModes.joined(separator: ", "))")
            }
            if let auth, !ManifestRoute.knownAccess.contains(auth) {
                reader.error(
                    .routeAuthInvalid, at: node.path.key("auth"), "\(JSONText.quoted(auth)) is no kind of caller",
                    hint: "write public or user, or leave it out")
            }
            guard let path, let mode else { return nil }
            let route = ManifestRoute(path: path, mode: mode, query: query, auth: auth)
            checkQuery(of: route, node)
            return route
        }
    }

    private mutating func checkPath(_ text: String, in taken: inout Set<String>, at path: ValuePath) {
        if text.isEmpty {
            reader.error(.routePathEmpty, at: path, "the route has an empty path", hint: "write / for the first page")
        } else if !text.hasPrefix("/") {
            reader.error(
                .routePathNoSlash, at: path, "\(JSONText.quoted(text)) does not begin with a slash",
                hint: "write \(JSONText.quoted("/" + text))")
        } else if !taken.insert(text).inserted {
            reader.error(
                .routePathDuplicate, at: path, "a second route has the path \(JSONText.quoted(text))",
                hint: "give it another path")
        }
    }

    private mutating func checkQuery(of route: ManifestRoute, _ node: Node) {
        let inputs = route.query.flatMap { queryInputs[$0] }
        if let query = route.query, inputs == nil {
            let known = queryInputs.keys.sorted()
            reader.error(
                .routeQueryNotFound, at: node.path.key("query"), "no query is named \(JSONText.quoted(query))",
                hint: known.isEmpty ? "declare the query" : "write one of \(JSONText.list(known))")
            return
        }
        // A route without a query has nothing that its parameters could be inputs of.
        guard let query = route.query, let inputs else { return }
        for parameter in route.parameters where !inputs.contains(parameter) {
            reader.error(
                .routeParameterNotInQuery, at: node.path.key("path"),
                "\(JSONText.quoted(":" + parameter)) is no input of the query \(query)",
                hint: inputs.isEmpty ? "declare it as an input" : "write one of \(JSONText.list(inputs.sorted()))")
        }
    }
}
