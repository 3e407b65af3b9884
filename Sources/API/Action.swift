public import PylonJSON

/// What an action of the manifest does: the app's own code behind `POST /api/actions/:name`.
///
/// ```swift
/// Action("finishTodo") { call in
///     let id = call.input["todoId"]?.string ?? ""
///     try await call.rows.update("Todo", id: id, ["done": true])
///     return ["finished": .string(id)]
/// }
/// ```
public struct Action: Sendable {
    /// As the manifest declares it.
    public let name: String
    let run: @Sendable (ActionCall) async throws -> JSONValue

    /// `run` is called when the caller may run the action and the input has what the manifest asks for, on the cooperative pool: it awaits
    /// and does not block, and has 30 seconds. What it returns is the answer's `result`. An ``ActionError`` reaches the caller in its own words;
    /// any other error is logged and answered with 500 `INTERNAL`.
    public init(_ name: String, run: @escaping @Sendable (ActionCall) async throws -> JSONValue) {
        self.name = name
        self.run = run
    }
}

/// One call of an action.
public struct ActionCall: Sendable {
    /// Every required input is there, and every declared one is of its type; what the manifest does not declare is passed on as it came.
    public let input: JSONObject
    /// The caller's id, a guest's too; nil for the anonymous.
    public let userID: String?
    public let isAdmin: Bool
    public let isGuest: Bool
    /// The app's rows as the caller may see and change them.
    public let rows: Rows
    /// The app's rows with every rule passed over: for what the action allows and the rules do not.
    public let trustedRows: Rows
}

/// Why an action, or an operation on rows within it, was refused.
public struct ActionError: Error, Hashable, Sendable {
    /// Stable, in capitals, such as `UNIQUE_VIOLATION`.
    public let code: String
    /// A sentence for people.
    public let message: String
    /// The HTTP status, from 400 to 599.
    public let status: Int

    public init(code: String, message: String, status: Int = 400) {
        precondition((400...599).contains(status), "not the status of a refusal")
        self.code = code
        self.message = message
        self.status = status
    }
}
