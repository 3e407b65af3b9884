internal import PylonHTTP
internal import PylonSchema

/// What values of a field look like, by its type.
enum FieldSchemas {
    /// As they are read.
    static func read(_ type: FieldType, boolsAsIntegers: Bool) -> ValueSchema {
        switch type {
        case .string, .richtext, .reference: .text
        case .int: .int64
        case .float: .number
        case .bool: boolsAsIntegers ? .integer(0...1) : .boolean
        case .datetime: .string(.init(format: "date-time", pattern: "Z$"))
        }
    }

    /// As they are written; that 0 and 1 pass for booleans is for exports of the reference and nobody else.
    static func written(_ type: FieldType) -> ValueSchema {
        switch type {
        case .string, .richtext, .reference: .storedText
        case .int: .int64
        case .float: .number
        case .bool: .boolean
        case .datetime: .dateTime
        }
    }

    /// What a filter may ask of them: a value to equal, null, or an object of operators.
    static func test(_ type: FieldType) -> ValueSchema {
        let value = operand(type)
        return .either([.nullable(value), .named(testName(type), operators(value, isText: type.isText))])
    }

    private static func operators(_ value: ValueSchema, isText: Bool) -> ValueSchema {
        var members: [ValueSchema.Member] = [
            .optional("$not", .nullable(value)), .optional("$gt", value), .optional("$gte", value),
            .optional("$lt", value), .optional("$lte", value),
            .optional("$in", .array(.nullable(value), counts: 0...FilterLimits.standard.inCountMaximum)),
            .optional("$isNull", .boolean),
        ]
        if isText { members.append(.optional("$like", .storedText)) }
        return .object(members, counts: 1...members.count)
    }

    private static func operand(_ type: FieldType) -> ValueSchema {
        type == .int ? .number : written(type)
    }

    private static func testName(_ type: FieldType) -> String {
        switch type {
        case .string, .richtext, .reference: "TextTest"
        case .int, .float: "NumberTest"
        case .bool: "BooleanTest"
        case .datetime: "DateTimeTest"
        }
    }
}
