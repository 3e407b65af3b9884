internal import PylonJSON
internal import PylonSchema

/// A manifest that is accepted has to keep what the parser promises, read back equal and lead to a plan; one that is
/// refused has to say why. The same bytes are a filter, a row, a patch, an aggregate, a search and a search text of a fixed
/// entity, and a graph query, too.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    checkSearchText(String(decoding: bytes, as: UTF8.self))
    checkImport(bytes.span)
    guard let json = try? JSONParser.parse(bytes.span) else { return 0 }
    checkManifest(json)
    checkFilter(json)
    checkRow(json)
    checkAggregate(json)
    checkSearch(json)
    checkGraph(json)
    return 0
}

private let entity = Entity(
    name: "E",
    fields: [
        Field(name: "s", type: .string), Field(name: "i", type: .int, isOptional: true),
        Field(name: "f", type: .float, isOptional: true), Field(name: "b", type: .bool, isOptional: true),
        Field(name: "d", type: .datetime, isOptional: true), Field(name: "r", type: .reference("E"), isOptional: true),
    ],
    relations: [
        Relation(name: "one", target: "E", field: "r"), Relation(name: "many", target: "E", field: "r", isMany: true),
    ],
    search: SearchSettings(text: ["s"], facets: ["i", "b", "s"], sortable: ["d"]))

private func checkManifest(_ json: JSONValue) {
    let result = ManifestParser.parse(json)
    guard let manifest = result.manifest else {
        precondition(result.diagnostics.contains { $0.severity == .error }, "refused without a reason")
        return
    }
    precondition(!result.diagnostics.contains { $0.severity == .error }, "accepted with an error")
    let again = ManifestParser.parse(manifest.json(hidingRules: false))
    precondition(again.manifest == manifest, "another manifest came back")
    for rule in manifest.json(hidingRules: true)["policies"]?.array ?? [] {
        precondition(rule["allow"] == nil && rule["allowWrite"] == nil && rule["allowRead"] == nil, "a rule shows")
    }
    for entity in manifest.entities {
        precondition(entity.field("id") == nil && entity.name.utf8.allSatisfy { $0 < 0x80 }, "an odd name")
        for index in entity.indexes { precondition(index.fields.allSatisfy { entity.field($0) != nil }) }
    }
    let plan = SchemaPlan(from: DatabaseShape(), to: manifest)
    precondition(plan.isApplicable(allowingDestructive: false), "a new database is always possible")
}

private func checkFilter(_ json: JSONValue) {
    do {
        let query = try FilterParser.parse(json, for: entity)
        precondition(query.condition.simplified() == query.condition, "a condition that is not simple")
        for value in [FieldValue.null, .integer(1), .real(0.5), .text("a%"), .bool(true)] {
            let matches = query.condition.matches { _ in value }
            precondition(Condition.not(query.condition).matches { _ in value } != matches, "neither true nor false")
            let simple = Condition.not(query.condition).simplified()
            precondition(simple.matches { _ in value } != matches, "simplified to something else")
        }
    } catch {
        precondition(!error.message.isEmpty, "refused without a reason")
    }
}

private func checkRow(_ json: JSONValue) {
    guard let input = try? EntityInput(json, for: entity, keepsID: true) else { return }
    precondition(input.values.count == entity.fields.count, "a field without a value")
    guard let patch = try? RowPatch(json, for: entity) else { preconditionFailure("a row that is no patch") }
    precondition(patch.values.allSatisfy { input.values[$0] == $1 }, "a patch with other values")
    for field in entity.fields {
        guard let value = input.values[field.name] else { preconditionFailure("no value") }
        var writer = JSONWriter()
        field.type.write(value, into: &writer)
        guard let written = try? JSONParser.parse(writer.text), let stored = try? field.value(from: written) else {
            if field.isOptional || !value.isNull { preconditionFailure("wrote what it would not take") }
            continue
        }
        precondition(stored == value, "another value came back")
    }
}

private func checkAggregate(_ json: JSONValue) {
    do {
        let aggregate = try AggregateParser.parse(json, for: entity)
        precondition(!aggregate.isEmpty, "nothing to compute")
        precondition(aggregate.columns.allSatisfy { entity.columnType($0) != nil }, "a column that is not there")
        precondition(Set(aggregate.outputNames).count == aggregate.outputNames.count, "two results of one name")
        precondition(aggregate.terms.count <= AggregateLimits.standard.termCountMaximum, "too many functions")
    } catch {
        precondition(!error.message.isEmpty, "refused without a reason")
    }
}

private func checkSearch(_ json: JSONValue) {
    do {
        let search = try SearchQueryParser.parse(json, for: entity)
        precondition((1...SearchLimits.standard.pageRowsMaximum).contains(search.limit) && search.offset >= 0, "a page")
        precondition(search.facets.allSatisfy { entity.search?.facets.contains($0) == true }, "no facet")
        precondition(search.condition.columns.isSubset(of: entity.search?.facets ?? []), "a filter of no facet")
        precondition(search.order.map { $0.column == "d" } ?? true, "an order by something else")
        search.expression.map(checkExpression)
    } catch {
        precondition(!error.message.isEmpty, "refused without a reason")
    }
    // Hidden from the caller, nothing is searched.
    let hidden = try? SearchQueryParser.parse(json, for: entity, hiding: ["s", "i", "b", "d"])
    precondition(hidden.map { $0.expression == nil && $0.condition == .always && $0.facets == [] } ?? true, "it shows")
}

private func checkSearchText(_ text: String) {
    do {
        checkExpression(try SearchTextParser.parse(text, fields: ["s"], key: "query"))
    } catch {
        precondition(!error.message.isEmpty, "refused without a reason")
    }
}

private func checkExpression(_ expression: SearchExpression) {
    switch expression {
    case .nothing: break
    case .phrase(let phrase): precondition(!phrase.texts.isEmpty, "a phrase without words")
    case .near(let phrases, let distance): precondition(!phrases.isEmpty && distance >= 0, "near nothing")
    case .within(let fields, let inner):
        precondition(fields == ["s"] && inner != .nothing, "a field that is not there")
        checkExpression(inner)
    case .all(let parts), .any(let parts):
        precondition(parts.count > 1 && !parts.contains(.nothing), "a group of one")
        parts.forEach(checkExpression)
    case .except(let first, let second):
        precondition(first != .nothing && second != .nothing, "nothing to leave out")
        checkExpression(first)
        checkExpression(second)
    }
}

private func checkGraph(_ json: JSONValue) {
    func depth(_ node: GraphNode) -> Int { 1 + (node.includes.map { depth($0.node) }.max() ?? 0) }
    func count(_ node: GraphNode) -> Int { node.includes.reduce(1) { $0 + count($1.node) } }
    do {
        let query = try GraphQueryParser.parse(json, in: Manifest(name: "m", appVersion: "1", entities: [entity]))
        let limits = GraphLimits.standard
        precondition(query.roots.allSatisfy { depth($0) <= limits.depthMaximum + 1 }, "too deep")
        precondition(query.roots.reduce(0) { $0 + count($1) } <= limits.nodeCountMaximum, "too much")
    } catch {
        if case .query(let problem) = error { precondition(!problem.message.isEmpty, "refused without a reason") }
    }
}

/// The rows of an import are the same wherever its pieces end, and so is what it is refused with.
private func checkImport(_ bytes: Span<UInt8>) {
    let whole = imported(bytes, inPiecesOf: max(1, bytes.count))
    precondition(imported(bytes, inPiecesOf: 1) == whole, "other rows byte by byte")
    precondition(imported(bytes, inPiecesOf: 7) == whole, "other rows in pieces of seven")
}

private func imported(_ bytes: Span<UInt8>, inPiecesOf count: Int) -> [String] {
    var parser = ImportParser()
    var rows: [String] = []
    do throws(ImportProblem) {
        var start = 0
        while start < bytes.count {
            let end = min(start + count, bytes.count)
            defer { rows += parser.found.map { "\($0.entity) \($0.index) \($0.json.serialized())" } }
            try parser.feed(bytes.extracting(start..<end))
            start = end
        }
        try parser.finish()
    } catch {
        rows.append("\(error)")
    }
    return rows
}
