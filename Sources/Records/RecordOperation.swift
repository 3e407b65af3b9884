package import PylonJSON

/// One change of one row, as somebody asks for it.
package enum RecordOperation: Sendable {
    /// `keepsID` is for rows that come with the id they had elsewhere; otherwise a member `id` is left out of account.
    case insert(entity: String, JSONValue, keepsID: Bool = false)
    case update(entity: String, id: String, JSONValue)
    case delete(entity: String, id: String)

    /// Reads an element of a batch or transaction: `{"op":"update","entity":"Todo","id":"…","data":{…}}` (spec/data.md 3.9).
    ///
    /// Throws `operationInvalid`.
    package init(json: JSONValue) throws(RecordError) {
        guard json.object != nil else { throw .operationInvalid("must be an object, not \(json.kind)") }
        func text(_ name: String) throws(RecordError) -> String {
            guard let text = json[name]?.string else { throw .operationInvalid("needs \"\(name)\", a string") }
            return text
        }
        func data() throws(RecordError) -> JSONValue {
            guard let data = json["data"] else { throw .operationInvalid("needs \"data\", an object") }
            return data
        }
        switch try text("op") {
        case "insert": self = .insert(entity: try text("entity"), try data())
        case "update": self = .update(entity: try text("entity"), id: try text("id"), try data())
        case "delete": self = .delete(entity: try text("entity"), id: try text("id"))
        default: throw .operationInvalid("has an \"op\" other than insert, update and delete")
        }
    }
}

/// What became of one operation of a batch or transaction.
package struct RecordOutcome: Sendable {
    /// The row's id; nil where none was given and none was made.
    package let id: String?
    /// Why nothing was done; nil for success.
    package let refusal: RecordError?

    init(id: String?, refusal: RecordError? = nil) {
        self.id = id
        self.refusal = refusal
    }
}
