internal import PylonPolicy
internal import PylonSchema

/// A text that parses has to come back from what is printed of it, and has to give each row the same answer as its condition
/// does; one that does not parse has to say where.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    do throws(PolicyParseError) {
        checkText(try PolicyExpression(parsing: text))
        checkDecisions(text)
    } catch {
        precondition((0...text.utf8.count).contains(error.offset), "an error outside the text")
        precondition(error.line >= 1 && error.column >= 1 && !error.description.isEmpty, "an error without a place")
    }
    return 0
}

private func checkText(_ expression: PolicyExpression) {
    let printed = expression.description
    // Escapes and spaces may make the printed text longer than a rule may be.
    guard printed.utf8.count <= PolicyParser.byteCountMaximum else { return }
    guard let again = try? PolicyExpression(parsing: printed) else { preconditionFailure("printed no rule") }
    precondition(again == expression, "printed another rule")
    precondition(again.description.utf8.elementsEqual(printed.utf8), "printed in two ways")
}

private let entity = Entity(
    name: "Row",
    fields: [
        Field(name: "a", type: .string, isOptional: true), Field(name: "n", type: .int, isOptional: true),
        Field(name: "f", type: .float, isOptional: true), Field(name: "b", type: .bool, isOptional: true),
    ])

private let rows: [[String: FieldValue]] = [
    [:],
    ["id": .text("1"), "a": .text("u"), "n": .integer(5), "f": .real(5), "b": .bool(true)],
    ["id": .text("u"), "a": .text(""), "n": .integer(0), "f": .real(-0.5), "b": .bool(false)],
    ["id": .text("2"), "a": .text(#"{"x":{"y":"u"}}"#), "b": .bool(true)],
]

private let callers = [
    PolicyIdentity.anonymous, PolicyIdentity(userID: "u", isGuest: true, tenantID: "5", roles: ["r"]),
]

private func checkDecisions(_ text: String) {
    let manifest = Manifest(
        name: "fuzz", appVersion: "1", entities: [entity],
        policies: [PolicyRule(name: "p", entity: "Row", allow: text)])
    let policies = PolicySet(manifest)
    for caller in callers {
        let condition = policies.condition(for: .read, "Row", caller)
        let without = policies.decide(.read, "Row", caller)
        for row in rows {
            let value = { (name: String) in row[name] ?? .null }
            let decision = policies.decide(.read, "Row", caller, row: value)
            precondition(decision != .needsRow, "undecided with a row")
            precondition(without == .needsRow || without == decision, "decided otherwise without a row")
            if let condition {
                precondition(condition.matches(value) == decision.isAllowed, "the condition says otherwise")
            }
        }
        precondition(!policies.explain(.read, "Row", caller, row: nil).description.isEmpty, "nothing explained")
    }
}
