internal import Glibc
internal import PylonSchema
internal import PylonTestSupport
@testable internal import PylonStorage

/// A folder of its own for the files of one test; gone with it.
final class TestFolder: Sendable {
    let path: String

    init() {
        path = "/tmp/pylon-storage-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        mkdir(path, 0o700)
    }

    deinit {
        Self.remove(path)
    }

    /// A file in it.
    func file(_ name: String) -> String { "\(path)/\(name)" }

    private static func remove(_ path: String) {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { unlink("\(path)/\(name)") }
            }
            closedir(folder)
        }
        rmdir(path)
    }
}

/// A database in a folder of its own, with the tables of `entities`; closed and removed with it.
final class TestDatabase: Sendable {
    let folder: TestFolder
    let database: Database
    let location: DatabaseLocation

    /// `note` is a table with one optional text, unless told otherwise.
    init(
        _ entities: [Entity] = [TestDatabase.note], inMemory: Bool = false,
        _ adjust: (inout DatabaseSettings) -> Void = { _ in }
    ) async throws {
        folder = TestFolder()
        location = inMemory ? .memory : .file(folder.file("test.db"))
        var settings = DatabaseSettings()
        settings.readers = 2
        adjust(&settings)
        database = try Database(location, settings: settings)
        let statements = entities.map(TestDatabase.createTable)
        try await database.write { transaction throws(StorageError) in
            for statement in statements { _ = try transaction.execute(statement) }
        }
    }

    deinit {
        database.close()
    }

    static let note = Entity(name: "Note", fields: [Field(name: "text", type: .string, isOptional: true)])

    static func createTable(_ entity: Entity) -> String {
        let columns = entity.fields.map { field in
            let type =
                switch field.type {
                case .int, .bool: "INTEGER"
                case .float: "REAL"
                default: "TEXT"
                }
            return SQLWriter.quoted(field.name) + " \(type)" + (field.isOptional ? "" : " NOT NULL")
                + (field.isUnique ? " UNIQUE" : "")
        }
        return "CREATE TABLE \(SQLWriter.quoted(entity.name)) "
            + "(\((["\"id\" TEXT PRIMARY KEY NOT NULL"] + columns).joined(separator: ", ")))"
    }

    /// An id that sorts by `number`.
    static func id(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 40 - digits.count) + digits
    }
}

/// Waits, by yielding, until `condition` holds.
func eventually(_ condition: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while !condition() {
        guard ContinuousClock.now < deadline else { throw DeadlinePassed(description: "it did not come to pass") }
        await Task.yield()
    }
}

/// What an operation threw; nil when it did not.
func thrown<T>(_ body: () async throws(StorageError) -> T) async -> StorageError? {
    do throws(StorageError) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

/// Makes a file of those bytes, in place of an older one.
func writeFile(_ path: String, _ bytes: [UInt8]) throws {
    let descriptor = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
    defer { close(descriptor) }
    guard descriptor >= 0, write(descriptor, bytes, bytes.count) == bytes.count else {
        throw DeadlinePassed(description: "cannot write \(path)")
    }
}

/// What a file holds.
func readFile(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw DeadlinePassed(description: "cannot read \(path)") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        guard count > 0 else { return bytes }
        bytes += chunk[..<count]
    }
}
