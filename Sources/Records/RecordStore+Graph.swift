internal import PylonBytes
package import PylonJSON
package import PylonPolicy
internal import PylonSchema
internal import PylonStorage

extension RecordStore {
    /// Rows of several entities with those their relations lead to, all from one snapshot and all judged by the rules:
    /// `{"Todo":[{...,"owner":{...}}]}` (spec/data.md 3.4 and 8, defects 3 and 36).
    ///
    /// Throws `entityNotFound`, `relationNotFound`, `query`, `denied` when the rules exclude every row of an entity that was
    /// asked for by name, `responseTooLarge` and `storage`.
    package func graph(_ json: JSONValue, as identity: PolicyIdentity) async throws(RecordError) -> [UInt8] {
        let query: GraphQuery
        do throws(GraphProblem) {
            query = try GraphQueryParser.parse(json, in: manifest, limits: graphLimits)
        } catch {
            switch error {
            case .entityNotFound(let name): throw .entityNotFound(name)
            case .relationNotFound(let name, _): throw .relationNotFound(name)
            case .query(let problem): throw refusal(problem)
            }
        }
        var plans: [(name: String, plan: GraphPlan)] = []
        for root in query.roots { plans.append((root.entity, try plan(root, for: identity))) }
        let text = try await read { [plans, limits] transaction throws(StorageError) in
            try Self.answer(plans, limits, in: transaction)
        }
        guard let text else { throw limited(.responseTooLarge) }
        return text
    }

    private var graphLimits: GraphLimits {
        var limits = GraphLimits.standard
        limits.depthMaximum = self.limits.includeDepthMaximum
        limits.nodeCountMaximum = self.limits.graphNodesMaximum
        limits.filter = filterLimits
        return limits
    }

    /// Nil when it is more than an answer may hold.
    private static func answer(
        _ plans: [(name: String, plan: GraphPlan)], _ limits: RecordLimits, in transaction: borrowing ReadTransaction
    ) throws(StorageError) -> [UInt8]? {
        var reader = GraphReader(rowsMaximum: limits.graphRowsMaximum, bytesMaximum: limits.responseBytesMaximum)
        var answer: [UInt8] = [UInt8(ascii: "{")]
        for (index, root) in plans.enumerated() {
            let rows = try reader.rows(root.plan, in: transaction)
            if reader.isTooLarge { return nil }
            if index > 0 { answer.append(UInt8(ascii: ",")) }
            var key = JSONWriter()
            key.value(root.name)
            answer.append(contentsOf: key.finish().copyBytes())
            answer.append(UInt8(ascii: ":"))
            guard
                rows.writeArray(
                    0..<rows.count, root.plan, to: &answer, bytesMaximum: limits.responseBytesMaximum)
            else { return nil }
        }
        answer.append(UInt8(ascii: "}"))
        return answer
    }
}
