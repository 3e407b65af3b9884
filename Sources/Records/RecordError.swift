package import PylonSchema
package import PylonStorage

/// Why a request for rows was refused or failed.
package enum RecordError: Error, Sendable {
    /// The manifest has no such entity.
    case entityNotFound(String)
    /// There is no such row.
    case rowNotFound
    /// The rules say no. Which one is for the log: clients are not told.
    case denied(rule: String?)
    /// What was to be written does not fit the entity.
    case input(InputProblem)
    /// What was asked for is no query of the entity.
    case query(QueryProblem)
    /// The answer would be larger than ``RecordStore/responseBytesMaximum``.
    case responseTooLarge
    /// The database refused or failed.
    case storage(StorageError)
}
