internal import PylonJSON
internal import PylonSchema

/// A manifest that is accepted has to keep what the parser promises, read back equal and lead to a plan; one that is
/// refused has to say why. The same bytes are a filter, a row and a patch of a fixed entity, too.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    guard let json = try? JSONParser.parse(bytes.span) else { return 0 }
    checkManifest(json)
    checkFilter(json)
    checkRow(json)
    return 0
}

private let entity = Entity(
    name: "E",
    fields: [
        Field(name: "s", type: .string), Field(name: "i", type: .int, isOptional: true),
        Field(name: "f", type: .float, isOptional: true), Field(name: "b", type: .bool, isOptional: true),
        Field(name: "d", type: .datetime, isOptional: true), Field(name: "r", type: .reference("E"), isOptional: true),
    ])

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
