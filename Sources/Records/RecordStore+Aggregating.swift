internal import PylonBytes
package import PylonJSON
package import PylonPolicy
internal import PylonSchema
internal import PylonStorage

extension RecordStore {
    /// Counts, sums and the like over the rows that the caller may read, by group: `{"rows":[...]}` (spec/data.md 3.6 and 8,
    /// defect 4).
    ///
    /// Throws `entityNotFound`, `query`, `denied`, `rowDependentRule` where the rules are no condition on columns, `tooManyGroups`,
    /// `responseTooLarge` and `storage`.
    package func aggregate(
        _ entity: String, _ json: JSONValue, as identity: PolicyIdentity
    ) async throws(RecordError) -> [UInt8] {
        let table = try table(entity)
        var aggregate: Aggregate
        do throws(QueryProblem) {
            var limits = AggregateLimits.standard
            limits.filter = self.limits.filter
            aggregate = try AggregateParser.parse(json, for: table.entity, limits: limits)
        } catch {
            throw refusal(error)
        }
        try refuseHidden(aggregate.columns, of: entity, for: identity)
        aggregate.condition = Condition.all([
            aggregate.condition, try condition(for: .aggregate, table.entity, identity),
        ]).simplified()
        let (text, outcome) = try await read {
            [aggregate, limits, writesBoolsAsIntegers] transaction throws(StorageError) in
            var json = JSONWriter()
            json.beginObject()
            json.beginArray("rows")
            let outcome = try transaction.writeAggregate(
                aggregate, of: table, groupsMaximum: limits.groupsMaximum, bytesMaximum: limits.responseBytesMaximum,
                writesBoolsAsIntegers: writesBoolsAsIntegers, to: &json)
            json.endArray()
            json.endObject()
            return (json.finish().copyBytes(), outcome)
        }
        switch outcome {
        case .complete: return text
        case .tooManyGroups: throw limited(.tooManyGroups(limits.groupsMaximum))
        case .tooLarge: throw limited(.responseTooLarge)
        }
    }

    /// The rows that may be computed with. Throws `denied` when the rules exclude every row, `rowDependentRule` when only a look
    /// at each row can tell.
    func condition(
        for read: RowlessRead, _ entity: Entity, _ identity: PolicyIdentity
    ) throws(RecordError) -> Condition {
        let decision = policies.decide(.read, entity.name, identity)
        if case .denied(let rule) = decision { throw .denied(rule: rule) }
        let condition =
            switch read {
            case .aggregate: policies.aggregateCondition(entity.name, identity)
            case .search: policies.condition(for: .read, entity.name, identity)
            }
        guard let condition else { throw .rowDependentRule(read) }
        return condition
    }
}
