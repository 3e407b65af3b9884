internal import PylonPolicy
internal import PylonSchema
internal import PylonTelemetry

extension RecordStore {
    /// What a request is told that ran into a limit; it is counted.
    func limited(_ error: RecordError) -> RecordError {
        counters.limited.add()
        return error
    }

    /// What a request is told that means nothing, or asks for too much.
    func refusal(_ problem: QueryProblem) -> RecordError {
        problem.exceedsLimit ? limited(.query(problem)) : .query(problem)
    }

    /// Throws `query` for a column among `columns` that is hidden from somebody: to them it is none.
    func refuseHidden(_ columns: Set<String>, of entity: String, for identity: PolicyIdentity) throws(RecordError) {
        if let column = columns.intersection(hiddenFields(entity, for: identity)).min() {
            throw .query(.hidden(column))
        }
    }
}
