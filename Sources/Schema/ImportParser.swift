package import PylonJSON

/// Takes the rows out of an import, `{"entities":{"Todo":[{…},…]}}` (spec/data.md 3.9), while its bytes arrive: rows alone are held, one
/// at a time.
///
/// Other members of the outermost object, as exports have them, are passed over. No I/O; pieces may end anywhere.
package struct ImportParser: ~Copyable {
    /// One element of an entity's array.
    package struct Row: Sendable {
        package let entity: String
        /// Its place in the array, from 0.
        package let index: Int
        package let json: JSONValue
    }

    /// Bytes of one row at most: what a request may have that writes a single one.
    package static let rowBytesMaximum = 10 << 20

    private enum Level {
        /// The outermost object.
        case document
        /// The object that holds an array for each entity.
        case entities
    }

    private enum State {
        case start
        /// Before a name or the end of an object; behind a comma there has to be a name.
        case name(Level, mayEnd: Bool)
        case colon(Level)
        /// Before a value that is passed over.
        case passedValue
        /// Before the object of entities, before an array of rows.
        case entities, rows
        /// Before a row or the end of the array.
        case row(mayEnd: Bool)
        /// Behind a value of an object, behind a row.
        case afterValue(Level), afterRow
        case finished
    }

    private enum Purpose {
        case name(Level), passed, row
    }

    private var state = State.start
    private var collecting: Purpose?
    private var boundary = JSONValueBoundary()
    private var collector = JSONStreamParser(limits: JSONLimits(byteCountMaximum: rowBytesMaximum))
    /// Bytes taken so far, and those before the value that is collected.
    private var offset = 0
    private var valueStart = 0
    private var name = ""
    private var entity = ""
    private var index = 0
    private var hasEntities = false
    /// The rows that the last piece completed, also when it then turned out to be broken.
    package private(set) var found: [Row] = []

    /// Stands at the start of a text.
    package init() {}

    /// Takes the next piece, whose rows are then ``found``. After an error there is nothing more to be had.
    package mutating func feed(_ bytes: Span<UInt8>) throws(ImportProblem) {
        found = []
        var position = 0
        while position < bytes.count {
            if let purpose = collecting {
                position += try collect(bytes.extracting(position...), for: purpose)
            } else if try step(bytes[position]) {
                position += 1
                offset += 1
            }
        }
    }

    /// Checks that the text was complete.
    package mutating func finish() throws(ImportProblem) {
        guard case .finished = state else { throw syntax(.unexpectedEnd) }
        guard hasEntities else {
            throw ImportProblem(code: .missingField, message: "the member \"entities\" is missing")
        }
    }

    // MARK: Values

    /// Takes bytes of a value; how many.
    private mutating func collect(_ bytes: Span<UInt8>, for purpose: Purpose) throws(ImportProblem) -> Int {
        let end = boundary.end(in: bytes)
        let count = end ?? bytes.count
        let value: JSONValue
        do throws(JSONParseError) {
            try collector.feed(bytes.extracting(0..<count))
            offset += count
            guard end != nil else { return count }
            value = try collector.finish()
        } catch {
            throw ImportProblem(JSONParseError(error.reason, at: valueStart + error.offset))
        }
        collecting = nil
        try take(value, for: purpose)
        return count
    }

    private mutating func take(_ value: JSONValue, for purpose: Purpose) throws(ImportProblem) {
        switch purpose {
        case .name(let level):
            guard let text = value.string else { throw syntax(.unexpectedByte(UInt8(ascii: "?"))) }
            name = text
            state = .colon(level)
        case .passed: state = .afterValue(.document)
        case .row:
            found.append(Row(entity: entity, index: index, json: value))
            index += 1
            state = .afterRow
        }
    }

    // MARK: Structure

    /// Takes a byte between values; false when it is the first of one, and not taken.
    private mutating func step(_ byte: UInt8) throws(ImportProblem) -> Bool {
        if [0x20, 0x09, 0x0A, 0x0D].contains(byte) { return true }
        switch (state, byte) {
        case (.start, UInt8(ascii: "{")): state = .name(.document, mayEnd: true)
        case (.name(let level, mayEnd: true), UInt8(ascii: "}")), (.afterValue(let level), UInt8(ascii: "}")):
            state = level == .document ? .finished : .afterValue(.document)
        case (.name(let level, _), UInt8(ascii: "\"")): return begin(.name(level))
        case (.colon(let level), UInt8(ascii: ":")): enterValue(of: level)
        case (.passedValue, _): return begin(.passed)
        case (.entities, UInt8(ascii: "{")):
            hasEntities = true
            state = .name(.entities, mayEnd: true)
        case (.rows, UInt8(ascii: "[")): state = .row(mayEnd: true)
        case (.row(mayEnd: true), UInt8(ascii: "]")), (.afterRow, UInt8(ascii: "]")): state = .afterValue(.entities)
        case (.row, _): return begin(.row)
        case (.afterRow, UInt8(ascii: ",")): state = .row(mayEnd: false)
        case (.afterValue(let level), UInt8(ascii: ",")): state = .name(level, mayEnd: false)
        case (.entities, UInt8(ascii: "[")), (.rows, UInt8(ascii: "{")): throw misplaced()
        default: throw syntax(.unexpectedByte(byte))
        }
        return true
    }

    private mutating func begin(_ purpose: Purpose) -> Bool {
        collecting = purpose
        valueStart = offset
        boundary = JSONValueBoundary()
        return false
    }

    private mutating func enterValue(of level: Level) {
        switch level {
        case .document: state = name == "entities" ? .entities : .passedValue
        case .entities:
            entity = name
            index = 0
            state = .rows
        }
    }

    private func syntax(_ reason: JSONParseError.Reason) -> ImportProblem {
        ImportProblem(JSONParseError(reason, at: offset))
    }

    private func misplaced() -> ImportProblem {
        ImportProblem(
            code: .invalidData, message: "\"entities\" must be an object with an array of rows for each entity")
    }
}

/// Why an import cannot be read on.
package struct ImportProblem: Error, Hashable, Sendable {
    /// The stable codes, all of status 400; the raw value is the wire's.
    package enum Code: String, Hashable, Sendable {
        case invalidJSON = "INVALID_JSON"
        case invalidData = "INVALID_DATA"
        case missingField = "MISSING_FIELD"
    }

    package let code: Code
    package let message: String

    init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: JSONParseError) {
        self.init(code: .invalidJSON, message: error.description)
    }
}
