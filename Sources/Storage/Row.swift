internal import CSQLite
package import PylonSchema

/// The row a statement stands on, read in place. It is good for the duration of the call that passes it, no longer.
package struct Row: ~Copyable {
    private let statement: OpaquePointer

    init(_ statement: OpaquePointer) {
        self.statement = statement
    }

    /// What the database holds in a column, whatever it was declared as.
    package enum StorageClass: Sendable {
        case null, integer, real, text, blob
    }

    /// How many columns there are.
    package var columnCount: Int { Int(sqlite3_column_count(statement)) }

    /// What the column holds.
    package func storageClass(_ column: Int) -> StorageClass {
        switch sqlite3_column_type(statement, Int32(truncatingIfNeeded: column)) {
        case SQLITE_INTEGER: .integer
        case SQLITE_FLOAT: .real
        case SQLITE_TEXT: .text
        case SQLITE_BLOB: .blob
        default: .null
        }
    }

    /// Whether the column is null.
    package func isNull(_ column: Int) -> Bool { storageClass(column) == .null }

    /// The column as an integer; 0 when null.
    package func integer(_ column: Int) -> Int64 {
        sqlite3_column_int64(statement, Int32(truncatingIfNeeded: column))
    }

    /// The column as a number; 0 when null.
    package func real(_ column: Int) -> Double {
        sqlite3_column_double(statement, Int32(truncatingIfNeeded: column))
    }

    /// The column's UTF-8 where SQLite keeps it, valid for the duration of `body`; empty when null.
    package func withText<R>(_ column: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        let index = Int32(truncatingIfNeeded: column)
        // The pointer first: asking for it may convert the column, which changes the count.
        let bytes = sqlite3_column_text(statement, index)
        let count = Int(sqlite3_column_bytes(statement, index))
        return body(UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : count))
    }

    /// A copy of the column as text; empty when null. Invalid UTF-8, which only other programs store, is repaired.
    package func text(_ column: Int) -> String {
        withText(column) { String(decoding: $0, as: UTF8.self) }
    }

    /// A copy of the column as bytes; empty when null.
    package func blob(_ column: Int) -> [UInt8] {
        let index = Int32(truncatingIfNeeded: column)
        let bytes = sqlite3_column_blob(statement, index)
        return Array(
            UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : Int(sqlite3_column_bytes(statement, index))))
    }

    /// The column as a value of the manifest's type, as far as what is stored fits it: other programs may have stored
    /// anything. Nil for a column that has no type there, such as a count.
    package func value(_ column: Int, as type: FieldType?) -> FieldValue {
        switch storageClass(column) {
        case .null, .blob: .null
        case .text: .text(text(column))
        case .real: type == .bool ? .bool(real(column) != 0) : .real(real(column))
        case .integer:
            switch type {
            case .bool: .bool(integer(column) != 0)
            case .float: .real(real(column))
            default: .integer(integer(column))
            }
        }
    }
}
