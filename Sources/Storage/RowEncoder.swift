internal import PylonBytes
package import PylonJSON
package import PylonSchema

/// Writes rows of one table as JSON objects, straight from where SQLite keeps them; keys in alphabetical order.
package struct RowEncoder: Sendable {
    /// The table whose rows it writes; the rows come from statements that select its columns.
    package let table: EntityTable
    private let members: [Member]
    /// The members' names in quotes, each with its colon, one after the other.
    private let names: [UInt8]
    private let writesBoolsAsIntegers: Bool

    /// One column that is written, without anything to count references of.
    private struct Member {
        let position: Int
        let name: Range<Int>
        let isBool: Bool
    }

    /// `hidden` columns are left out. `writesBoolsAsIntegers` is for old clients: 0 and 1 instead of `false` and `true`.
    package init(_ table: EntityTable, hiding hidden: Set<String> = [], writesBoolsAsIntegers: Bool = false) {
        self.table = table
        self.writesBoolsAsIntegers = writesBoolsAsIntegers
        var members: [Member] = []
        var names: [UInt8] = []
        for (position, column) in table.columns.enumerated() where !hidden.contains(column.name) {
            let start = names.count
            var json = JSONWriter()
            json.value(column.name)
            names += json.finish().copyBytes() + [UInt8(ascii: ":")]
            members.append(
                Member(position: position, name: start..<names.count, isBool: column.type == .bool))
        }
        self.members = members
        self.names = names
    }

    /// Writes the row as one object.
    package func write(_ row: borrowing Row, to writer: inout JSONWriter) {
        writer.beginObject()
        writeMembers(row, to: &writer)
        writer.endObject()
    }

    /// Writes the row's members into an object that the caller opens and closes, to add members of its own.
    package func writeMembers(_ row: borrowing Row, to writer: inout JSONWriter) {
        names.withUnsafeBytes { names in
            for member in members {
                writer.key(quoted: UnsafeRawBufferPointer(rebasing: names[member.name]))
                Self.write(row, member.position, asBool: member.isBool && !writesBoolsAsIntegers, to: &writer)
            }
        }
    }

    /// Writes a row that was taken out as one object.
    package func write(_ row: StoredRow, to writer: inout JSONWriter) {
        writer.beginObject()
        names.withUnsafeBytes { names in
            for member in members {
                writer.key(quoted: UnsafeRawBufferPointer(rebasing: names[member.name]))
                write(row.values[member.position], to: &writer)
            }
        }
        writer.endObject()
    }

    /// Writes one value.
    package func write(_ value: FieldValue, to writer: inout JSONWriter) {
        switch value {
        case .null: writer.null()
        case .bool(let value):
            if writesBoolsAsIntegers { writer.value(value ? 1 : 0) } else { writer.value(value) }
        case .integer(let value): writer.value(value)
        case .real(let value): writer.value(value)
        case .text(let value): writer.value(value)
        }
    }

    /// Writes one column by its type in the manifest, as far as what is stored fits it.
    static func write(
        _ row: borrowing Row, _ column: Int, _ type: FieldType?, _ writesBoolsAsIntegers: Bool,
        to writer: inout JSONWriter
    ) {
        write(row, column, asBool: type == .bool && !writesBoolsAsIntegers, to: &writer)
    }

    @inline(__always)
    private static func write(_ row: borrowing Row, _ column: Int, asBool: Bool, to writer: inout JSONWriter) {
        switch row.storageClass(column) {
        case .null, .blob: writer.null()
        case .text: writeText(row, column, to: &writer)
        case .integer:
            let value = row.integer(column)
            if asBool { writer.value(value != 0) } else { writer.value(value) }
        case .real: writer.value(row.real(column))
        }
    }

    /// Copies the column's bytes from where SQLite keeps them. Only other programs store invalid UTF-8; it is repaired.
    private static func writeText(_ row: borrowing Row, _ column: Int, to writer: inout JSONWriter) {
        row.withText(column) { writer.value(repairing: $0) }
    }
}
