import PylonPolicy
import PylonSchema
import PylonTime

/// Rules, callers and rows by chance, from so few values that they often meet.
struct RandomRules {
    static let entity = Entity(
        name: "Row",
        fields: [
            Sample.optional("t1", .string), Sample.optional("t2", .richtext), Sample.optional("r", .reference("User")),
            Sample.optional("d", .datetime), Sample.optional("n1", .int), Sample.optional("n2", .int),
            Sample.optional("f1", .float), Sample.optional("f2", .float), Sample.optional("b1", .bool),
            Sample.optional("b2", .bool),
        ])

    private static let texts = [
        "", "0", "1", "5", "5.0", "5e0", "05", "-0", "true", "u1", "\n", "e\u{301}", "\u{e9}",
        "{\"x\":\"u1\",\"y\":{\"z\":5}}",
    ]
    private static let paths = [
        "auth.userId", "auth.tenantId", "auth.isAdmin", "auth.isGuest", "auth.typo", "data.typo", "input.x", "word",
        "data.t1.x", "data.t2.y.z", "data.n1.x", "data.id", "data.t1", "data.t2", "data.r", "data.d", "data.n1",
        "data.n2", "data.f1", "data.f2", "data.b1", "data.b2",
    ]

    private var chance: SeededGenerator

    init(seed: UInt64) {
        chance = SeededGenerator(seed: seed)
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &chance) }

    private mutating func one<Element>(of elements: [Element]) -> Element { elements[below(elements.count)] }

    mutating func identity() -> PolicyIdentity {
        PolicyIdentity(
            userID: one(of: [nil, "u1", "5", ""]), isGuest: below(2) == 0, tenantID: one(of: [nil, "1", "u1"]),
            roles: one(of: [[], ["a"], ["a", "b"]]))
    }

    mutating func row() -> [String: FieldValue] {
        var values: [String: FieldValue] = ["id": .text(one(of: Self.texts))]
        for field in Self.entity.fields where below(4) > 0 {
            values[field.name] =
                switch field.type {
                case .bool: .bool(below(2) == 0)
                case .int: .integer(one(of: [0, 1, 5, -5, Int64.max]))
                case .float: .real(one(of: [0, -0.0, 1, 5, 0.5, 0x1p63]))
                case .string, .datetime, .richtext, .reference: .text(one(of: Self.texts))
                }
        }
        return values
    }

    /// A rule as the parser might give it.
    mutating func expression(depth: Int = 4) -> PolicyExpression {
        switch depth == 0 ? below(4) : below(10) {
        case 0: return .value(operand())
        case 1: return .hasAnyRole((0...below(3)).map { _ in one(of: ["a", "b", "c\""]) })
        case 2, 3, 4: return .compare(.value(operand()), equality(), operand())
        case 5: return .not(expression(depth: depth - 1))
        case 6: return .compare(booleanOperand(depth: depth - 1), equality(), operand())
        case 7, 8: return .all(parts(depth: depth - 1))
        default: return .any(parts(depth: depth - 1))
        }
    }

    private mutating func equality() -> PolicyEquality { below(2) == 0 ? .equal : .notEqual }

    private mutating func parts(depth: Int) -> [PolicyExpression] {
        (0...1 + below(2)).map { _ in expression(depth: depth) }
    }

    /// The left side of a comparison that is boolean by its form.
    private mutating func booleanOperand(depth: Int) -> PolicyExpression {
        let operand = operand()
        if case .bool = operand { return expression(depth: depth) }
        return below(3) == 0 ? .truth(operand) : expression(depth: depth)
    }

    private mutating func operand() -> PolicyOperand {
        switch below(8) {
        case 0: .null
        case 1: .bool(below(2) == 0)
        case 2, 3: .text(one(of: Self.texts))
        default: path()
        }
    }

    private mutating func path() -> PolicyOperand {
        guard case .value(let path)? = try? PolicyExpression(parsing: one(of: Self.paths)) else { return .null }
        return path
    }
}
