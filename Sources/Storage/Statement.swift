internal import CSQLite
internal import PylonSchema

/// One prepared statement of one connection.
final class Statement {
    let sql: String
    let handle: OpaquePointer
    private let connection: OpaquePointer

    /// When the cache handed it out last.
    var lastUse: UInt64 = 0
    /// Whether somebody is stepping through it now.
    var isInUse = false

    init(_ sql: String, on connection: OpaquePointer) throws(StorageError) {
        self.sql = sql
        self.connection = connection
        var sql = sql
        var prepared: OpaquePointer?
        let code = sql.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                sqlite3_prepare_v3(
                    connection, text.baseAddress, Int32(clamping: text.count), UInt32(SQLITE_PREPARE_PERSISTENT),
                    &prepared, nil)
            }
        }
        guard code == SQLITE_OK else { throw StorageError(code, on: connection, operation: sql) }
        guard let prepared else { preconditionFailure("a statement without SQL") }
        handle = prepared
    }

    deinit {
        sqlite3_finalize(handle)
    }

    /// Whether running it changes nothing in the database.
    var isReadOnly: Bool { sqlite3_stmt_readonly(handle) != 0 }

    /// Binds one value; `index` counts from 0.
    func bind(_ value: FieldValue, at index: Int) throws(StorageError) {
        let position = Int32(truncatingIfNeeded: index + 1)
        let code: Int32
        switch value {
        case .null: code = sqlite3_bind_null(handle, position)
        case .bool(let value): code = sqlite3_bind_int64(handle, position, value ? 1 : 0)
        case .integer(let value): code = sqlite3_bind_int64(handle, position, value)
        case .real(let value): code = sqlite3_bind_double(handle, position, value)
        case .text(var value):
            code = value.withUTF8 { bytes in
                // An empty buffer may have no address, which would bind null.
                let none: StaticString = ""
                return csqlite_bind_text(
                    handle, position, UnsafeRawPointer(bytes.baseAddress ?? none.utf8Start), UInt64(bytes.count))
            }
        }
        guard code == SQLITE_OK else { throw StorageError(code, on: connection, operation: sql) }
    }

    /// Binds bytes without copying them: they have to stay until `reset`.
    func bind(blob: UnsafeRawBufferPointer, at index: Int) throws(StorageError) {
        let code = sqlite3_bind_blob64(
            handle, Int32(truncatingIfNeeded: index + 1), blob.baseAddress, UInt64(blob.count), nil)
        guard code == SQLITE_OK else { throw StorageError(code, on: connection, operation: sql) }
    }

    /// Binds all values, in order.
    func bind(_ values: [FieldValue]) throws(StorageError) {
        assert(Int(sqlite3_bind_parameter_count(handle)) == values.count, "values for other parameters: \(sql)")
        for index in values.indices { try bind(values[index], at: index) }
    }

    /// Goes to the next row; false behind the last one.
    func step() throws(StorageError) -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        if code == SQLITE_DONE { return false }
        throw StorageError(code, on: connection, operation: sql)
    }

    /// Makes it ready for the next use. What `sqlite3_reset` returns is the error that `step` threw already.
    func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }
}
