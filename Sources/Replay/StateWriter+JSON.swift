package import PylonJSON
package import PylonSimulation

// JSON as it was read, number for number: text would make 2.0 and 2 the same, which a world may tell apart.
extension StateWriter {
    /// Writes a value: a byte for its type, then what it holds.
    package mutating func write(_ json: JSONValue) {
        switch json {
        case .null: write(0 as UInt8)
        case .bool(let value): write((value ? 2 : 1) as UInt8)
        case .integer(let value):
            write(3 as UInt8)
            write(Int(value))
        case .number(let value):
            write(4 as UInt8)
            write(value)
        case .string(let value):
            write(5 as UInt8)
            write(value)
        case .array(let elements):
            write(6 as UInt8)
            write(UInt64(elements.count))
            for element in elements { write(element) }
        case .object(let object):
            write(7 as UInt8)
            let keys = object.keys
            write(UInt64(keys.count))
            for key in keys {
                write(key)
                write(object[key] ?? .null)
            }
        }
    }
}

extension StateReader {
    /// As deep as a parser may be told to go (`JSONLimits.depthCeiling`): whatever the server's read comes back.
    private static var depthMaximum: Int { JSONLimits.depthCeiling }

    /// Reads what `write(JSONValue)` wrote.
    package mutating func readJSON() throws(StateError) -> JSONValue {
        try readJSON(depth: 0)
    }

    private mutating func readJSON(depth: Int) throws(StateError) -> JSONValue {
        guard depth <= Self.depthMaximum else { throw .malformed("JSON too deep") }
        switch try readByte() {
        case 0: return .null
        case 1: return .bool(false)
        case 2: return .bool(true)
        case 3: return .integer(Int64(try readInt()))
        case 4: return .number(try readFiniteDouble())
        case 5: return .string(try readString(bytesMaximum: remaining))
        case 6:
            var elements: [JSONValue] = []
            for _ in 0..<(try readCount()) { elements.append(try readJSON(depth: depth + 1)) }
            return .array(elements)
        case 7:
            var object = JSONObject()
            for _ in 0..<(try readCount()) {
                let key = try readString(bytesMaximum: remaining)
                guard object[key] == nil else { throw .malformed("a member twice") }
                object[key] = try readJSON(depth: depth + 1)
            }
            return .object(object)
        default: throw .malformed("no JSON")
        }
    }
}
