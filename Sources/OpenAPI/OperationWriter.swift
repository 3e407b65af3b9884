internal import PylonBytes
internal import PylonHTTP
internal import PylonJSON

/// Turns routes into the operations of a document.
struct OperationWriter {
    private(set) var schemas: SchemaWriter
    /// The responses that operations refer to, by the name of their status.
    private(set) var sharedResponses = JSONObject()

    private let app: DocumentedApp
    private let errors: SharedFailures
    private var names = UniqueNames()

    init(_ app: DocumentedApp, errors: SharedFailures) {
        self.app = app
        self.errors = errors
        schemas = SchemaWriter(app)
        for status in Self.statuses(of: errors.anywhere) {
            sharedResponses[Self.name(of: status)] = response(status, answers: [], errors.anywhere, about: nil)
        }
    }

    /// A route's operations with their paths: one, or one for each subject.
    mutating func operations(of route: DocumentedRoute) -> [(path: String, operation: JSONValue)] {
        guard let kind = route.description.subject else { return [operation(of: route, about: nil)] }
        return Subject.all(kind, in: app).map { operation(of: route, about: $0) }
    }

    private mutating func operation(
        of route: DocumentedRoute, about subject: Subject?
    ) -> (path: String, operation: JSONValue) {
        let description = route.description
        let path = PathTemplate(route.pattern, about: subject, replacing: description.subject?.parameter)
        var operation = JSONObject()
        operation["operationId"] = .string(
            names.take(description.name.replacingStar(with: subject?.title ?? "")))
        operation["summary"] = .string(description.summary)
        operation["tags"] = [.string(description.topic.rawValue)]
        let parameters =
            path.parameters.map { pathParameter($0, description, about: subject) }
            + description.inputs.map { parameter($0, about: subject) }
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        if let body = description.body {
            operation["requestBody"] = [
                "required": true, "description": .string(Self.text(of: route.bodyLimit)),
                "content": content([body], about: subject),
            ]
        }
        operation["responses"] = responses(of: route, at: path, about: subject)
        let bearer: JSONValue = ["BearerAuth": []]
        // Where anyone may call, a credential may still decide what they see.
        operation["security"] = route.access == .anyone ? [[:], bearer] : [bearer]
        return (path.text, .object(operation))
    }

    private mutating func pathParameter(
        _ name: String, _ description: RouteDescription, about subject: Subject?
    ) -> JSONValue {
        let schema = description.path[name] ?? .string(.init(counts: 1...1024))
        return [
            "name": .string(name), "in": "path", "required": true, "schema": schemas.json(schema, about: subject),
        ]
    }

    private mutating func parameter(_ input: RouteInput, about subject: Subject?) -> JSONValue {
        [
            "name": .string(input.name), "in": .string(input.place.rawValue), "required": .bool(input.isRequired),
            "description": .string(input.summary), "schema": schemas.json(input.schema, about: subject),
        ]
    }

    // MARK: Responses

    private mutating func responses(
        of route: DocumentedRoute, at path: PathTemplate, about subject: Subject?
    ) -> JSONValue {
        var own = route.description.failures + (path.parameters.isEmpty ? [] : errors.parameters)
        switch route.access {
        case .anyone: break
        case .user: own.append(errors.user)
        case .admin: own.append(errors.admin)
        }
        let answers = route.description.answers
        let isOpen = runsAppCode(route, subject)
        let ownStatuses = Set(Self.statuses(of: own) + answers.map(\.status))
        var responses = JSONObject()
        for status in ownStatuses.union(Self.statuses(of: errors.anywhere)).sorted(by: { $0.code < $1.code }) {
            responses["\(status.code)"] =
                ownStatuses.contains(status)
                ? response(
                    status, answers: answers, own + errors.anywhere, appRefuses: isOpen && status.code < 500,
                    about: subject)
                : ["$ref": .string("#/components/responses/\(Self.name(of: status))")]
        }
        if isOpen {
            for range in route.description.appCode == .action ? ["4XX", "5XX"] : ["4XX"] {
                responses[range] = [
                    "description": "The app's own refusal.", "content": content([.json(.error)], about: subject),
                ]
            }
        }
        return .object(responses)
    }

    /// Whether code of the app may refuse, with statuses and codes that nobody else knows.
    private func runsAppCode(_ route: DocumentedRoute, _ subject: Subject?) -> Bool {
        switch route.description.appCode {
        case nil: false
        case .hooks: app.hasHooks
        case .action: subject.map { app.boundActions.contains($0.name) } ?? false
        }
    }

    /// Everything that can come with a status.
    private mutating func response(
        _ status: HTTPStatus, answers: [RouteAnswer], _ failures: [RouteFailure], appRefuses: Bool = false,
        about subject: Subject?
    ) -> JSONValue {
        let answers = answers.filter { $0.status == status }
        let failures = failures.filter { $0.status == status }
        let codes = Set(failures.map(\.code)).sorted()
        let sentences = answers.map(\.summary) + (codes.isEmpty ? [] : ["Codes: \(codes.joined(separator: ", "))."])
        var response = JSONObject()
        response["description"] = .string(sentences.joined(separator: " "))
        let headers = headers(answers.map(\.fields) + failures.map(\.fields))
        if !headers.isEmpty { response["headers"] = .object(headers) }
        let contents = answers.flatMap(\.contents) + (failures.isEmpty ? [] : [.json(.error)])
        if !contents.isEmpty { response["content"] = content(contents, about: subject) }
        // For programs: which codes the error may have, where no others are possible.
        if !codes.isEmpty, !appRefuses { response["x-error-codes"] = .array(codes.map { .string($0) }) }
        return .object(response)
    }

    /// The header fields of several answers; those that all of them have are required.
    private func headers(_ fields: [[String]]) -> JSONObject {
        var headers = JSONObject()
        for name in Set(fields.joined()).sorted() {
            headers[name] = [
                "required": .bool(fields.allSatisfy { $0.contains(name) }), "schema": ["type": "string"],
            ]
        }
        return headers
    }

    private mutating func content(_ contents: [RouteContent], about subject: Subject?) -> JSONValue {
        var jsonSchemas: [JSONValue] = []
        var types = JSONObject()
        for content in contents {
            switch content {
            case .json(let schema): jsonSchemas.append(schemas.json(schema, about: subject))
            case .text, .eventStream: types[content.mediaType] = ["schema": ["type": "string"]]
            }
        }
        if !jsonSchemas.isEmpty {
            types[RouteContent.json(.any).mediaType] = ["schema": schemas.either(jsonSchemas)]
        }
        return .object(types)
    }

    private static func statuses(of failures: [RouteFailure]) -> [HTTPStatus] {
        Set(failures.map(\.status)).sorted { $0.code < $1.code }
    }

    /// `Bad Request` becomes `BadRequest`.
    private static func name(of status: HTTPStatus) -> String {
        "\(status.reason)".split(separator: " ").joined()
    }

    private static func text(of limit: BodyLimit) -> String {
        "At most \(limit.bytesMaximum ?? HTTPLimits().bodyBytesMaximum) bytes."
    }
}
