internal import PylonBytes
package import PylonJSON
package import PylonPolicy
package import PylonSchema
internal import PylonStorage
internal import PylonTime

/// A search index, for operators (spec/data.md 3.10).
package struct SearchIndexDescription: Sendable {
    /// The entity whose rows are searched.
    package let entity: String
    package let settings: SearchSettings
    /// The name of the full-text table; nil where only facets are counted.
    package let tableName: String?
}

extension RecordStore {
    /// One page of hits with the number of all and the counts of facets, over the rows that the caller may read (spec/data.md 3.7).
    ///
    /// Throws `entityNotFound`, `searchNotConfigured`, `query`, `denied`, `rowDependentRule` where the rules are no condition on
    /// columns, `responseTooLarge` and `storage`.
    package func search(
        _ entity: String, _ json: JSONValue, as identity: PolicyIdentity
    ) async throws(RecordError) -> [UInt8] {
        let start = clock.now()
        let table = try table(entity)
        guard table.entity.search != nil else { throw .searchNotConfigured(entity) }
        let hidden = hiddenFields(entity, for: identity)
        let search: SearchQuery
        do throws(QueryProblem) {
            search = try SearchQueryParser.parse(json, for: table.entity, hiding: hidden, limits: searchLimits)
        } catch {
            throw refusal(error)
        }
        let rule = try condition(for: .search, table.entity, identity)
        let source = search.expression.map { RowSource(table, $0, hiding: hidden) } ?? RowSource(table)
        let request = source.request(
            RowQuery(
                Condition.all([search.condition, rule]).simplified(),
                order: search.order.map { [RowOrder($0.column, isDescending: $0.isDescending)] } ?? [],
                limit: search.limit, offset: search.offset), facets: search.facets)
        let encoder = encoder(table, for: identity)
        let text = try await read { [clock, limits] transaction throws(StorageError) -> [UInt8]? in
            let totals = try transaction.searchTotals(table, request)
            var json = JSONWriter()
            json.beginObject()
            Self.write(totals.facets, to: &json)
            json.beginArray("hits")
            var isTooLarge = json.count > limits.responseBytesMaximum
            try transaction.searchRows(table, request) { row throws(StorageError) in
                encoder.write(row, to: &json)
                isTooLarge = json.count > limits.responseBytesMaximum
                return !isTooLarge
            }
            json.endArray()
            json.member("tookMs", (clock.now() - start).wholeNanoseconds / 1_000_000)
            json.member("total", totals.total)
            json.endObject()
            return isTooLarge ? nil : json.finish().copyBytes()
        }
        guard let text else { throw limited(.responseTooLarge) }
        return text
    }

    private var searchLimits: SearchLimits {
        var limits = SearchLimits.standard
        limits.textByteCountMaximum = self.limits.searchTextBytesMaximum
        limits.pageRowsStandard = self.limits.pageRowsStandard
        limits.pageRowsMaximum = self.limits.pageRowsMaximum
        limits.filter = self.limits.filter
        return limits
    }

    /// Facets without a value are left out.
    private static func write(_ facets: [SearchTotals.Facet], to json: inout JSONWriter) {
        json.beginObject("facetCounts")
        for facet in facets where !facet.counts.isEmpty {
            json.key(facet.field)
            json.beginObject()
            for count in facet.counts {
                json.key(count.value)
                json.value(count.count)
            }
            json.endObject()
        }
        json.endObject()
    }

    /// The search indexes there are, in the order of the manifest.
    package var searchIndexes: [SearchIndexDescription] {
        manifest.entities.compactMap { entity in
            guard let settings = entity.search else { return nil }
            return SearchIndexDescription(
                entity: entity.name, settings: settings, tableName: SearchIndex(EntityTable(entity))?.tableName)
        }
    }
}
