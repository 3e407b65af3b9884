package import PylonSchema
package import PylonStorage

/// Why a request for rows was refused or failed.
package enum RecordError: Error, Sendable {
    /// The manifest has no such entity.
    case entityNotFound(String)
    /// There is no such row.
    case rowNotFound
    /// The entity has no relation of that name, or none that can be used for what was asked.
    case relationNotFound(String)
    /// The rules say no. Which one is for the log: clients are not told.
    case denied(rule: String?)
    /// A hook of the app says no, in its own words.
    case refused(RecordHook.Refusal)
    /// A hook set values that do not fit the entity: the app's fault.
    case hookFailed(name: String, problem: String)
    /// An element of a batch or transaction is no operation.
    case operationInvalid(String)
    /// More operations at once than ``RecordLimits/operationsMaximum``.
    case tooManyOperations(maximum: Int)
    /// What was to be written does not fit the entity.
    case input(InputProblem)
    /// The text of an import cannot be read on, behind so many rows that were imported.
    case importBroken(ImportProblem, imported: Int)
    /// What was asked for is no query of the entity.
    case query(QueryProblem)
    /// The rules cannot be a condition on columns, without which this is not answered: every row would have to be judged.
    case rowDependentRule(RowlessRead)
    /// The manifest declares nothing to search in this entity.
    case searchNotConfigured(String)
    /// The answer would be larger than ``RecordLimits/responseBytesMaximum``, or hold more rows than a graph may.
    case responseTooLarge
    /// An aggregate has more groups than ``RecordLimits/groupsMaximum``, the number given.
    case tooManyGroups(Int)
    /// The database refused or failed.
    case storage(StorageError)

    /// What the log should say and a client is not told; nil where the answer says it all.
    package var detail: String? {
        switch self {
        case .denied(let rule): "denied by \(rule ?? "the want of a rule")"
        case .hookFailed(let name, let problem): "hook \(name): \(problem)"
        case .storage(let reason): reason.failure.map { _ in "storage: \(reason)" }
        default: nil
        }
    }

    /// Whether an operator has to look at it.
    package var isFault: Bool {
        switch self {
        case .storage(let reason): reason.failure != nil
        case .hookFailed: true
        default: false
        }
    }
}

/// What is computed in the database from rows that nobody looks at one by one.
package enum RowlessRead: Hashable, Sendable {
    case aggregate
    case search
}
