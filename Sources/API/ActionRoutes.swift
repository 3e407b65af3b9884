package import PylonGateway
package import PylonHTTP
internal import PylonJSON
internal import PylonPolicy
internal import PylonRecords
internal import PylonSchema
internal import PylonTelemetry

/// The app's actions (spec/data.md 3.8, defect 43).
package struct ActionRoutes: Sendable {
    private let routes: EntityRoutes
    private let actions: [String: Action]

    /// Binds `actions` to those of the manifest by their names; each has to be declared there.
    package init(_ routes: EntityRoutes, actions: [Action]) {
        self.routes = routes
        self.actions = Dictionary(actions.map { ($0.name, $0) }) { first, _ in first }
    }

    package var table: [Route<Handler>] {
        [
            Route(
                .post, "/api/actions/:name", .runAction, access: .anyone, bodyLimit: .standard,
                handler: .background(run))
        ]
    }

    /// Rule first, then the name, then the input: whoever may not run an action learns nothing of it.
    private func run(_ request: Request) async throws(APIError) -> HTTPResponse {
        let name = request.parameters["name"] ?? ""
        let body = try request.json()
        guard let input = body.object else {
            throw .invalidJSON("an action's input must be an object, not \(body.kind)")
        }
        let identity = PolicyIdentity(request.identity)
        let decision = routes.records.policies.decide(action: name, identity, input: body)
        guard decision.isAllowed else { throw routes.noted(.init(refusedBy: decision)) }
        guard let operation = routes.records.manifest.actions.first(where: { $0.name == name }) else {
            throw .actionNotFound(known: routes.records.manifest.actions.map(\.name))
        }
        try Self.check(input, for: operation)
        guard let action = actions[name] else { return Self.answer(name, input, nil) }
        return Self.answer(name, input, try await call(action, input, identity))
    }

    /// Every required input is there, and what is there fits its type.
    private static func check(_ input: JSONObject, for operation: Operation) throws(APIError) {
        let missing = operation.input.filter { !$0.isOptional && input[$0.name]?.isNull != false }.map(\.name)
        guard missing.isEmpty else {
            throw .actionInputMissing(
                missing, required: operation.input.filter { !$0.isOptional }.map(\.name))
        }
        for field in operation.input {
            guard let value = input[field.name] else { continue }
            do throws(FieldProblem) {
                _ = try field.value(from: value)
            } catch {
                throw .actionInputInvalid(field.name, problem: error.description)
            }
        }
    }

    private func call(
        _ action: Action, _ input: JSONObject, _ identity: PolicyIdentity
    ) async throws(APIError) -> JSONValue {
        let call = ActionCall(
            input: input, userID: identity.userID, isAdmin: identity.isAdmin, isGuest: identity.isGuest,
            rows: Rows(routes.records, as: identity), trustedRows: Rows(routes.records, as: .admin))
        do {
            return try await action.run(call)
        } catch let refusal as ActionError {
            throw .actionRefused(code: refusal.code, message: refusal.message, status: refusal.status)
        } catch {
            routes.log.error("action \(action.name): \(error)")
            throw .internal
        }
    }

    /// The reference's echo; `executed` says whether there was anything to run.
    private static func answer(_ name: String, _ input: JSONObject, _ result: JSONValue?) -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.member("action", name)
        json.member("executed", result != nil)
        json.key("input")
        json.value(.object(input))
        if let result {
            json.key("result")
            json.value(result)
        }
        json.endObject()
        return .json(.ok, json.finish())
    }
}

extension RouteDescription {
    fileprivate static let runAction = RouteDescription(
        "execute*", "Runs an action of the app.", topic: .actions, per: .action, body: .json(.part(.input)),
        answers: [
            .ok(
                "What it returned; `executed` says whether there was anything to run.",
                .object([
                    .required("action", .subjectName), .required("executed", .boolean), .required("input", .anyObject),
                    .optional("result", .any),
                ]))
        ],
        failures: [.invalidJSON, .denied, .actionInputMissing, .actionInputInvalid],
        runs: .action)
}
