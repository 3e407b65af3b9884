import Glibc
import PylonJSON
import PylonSchema
import PylonStorage
import PylonTestSupport
import PylonThreading
import PylonTime

@testable import PylonOperations

/// A manifest and a database in a folder of their own, and the commands run on them within the test's process.
struct TestApp {
    let folder: AppFolder

    init(_ manifest: String = Self.manifest()) throws {
        folder = try AppFolder(manifest: manifest)
    }

    /// Runs a command on the folder's files, on a thread of its own, since commands block.
    func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> CommandTable.Outcome {
        let given = ["PYLON_MANIFEST": folder.manifestPath, "PYLON_DB_PATH": folder.databasePath]
        let variables = given.merging(environment) { _, given in given }
        let blocking = BlockingThread(name: "command", capacity: 1)
        let thread = blocking.start()
        let outcome = await blocking.run {
            CommandTable.outcome(of: arguments, program: "pylon", environment: variables, clock: SystemClock())
        }
        blocking.close()
        thread.join()
        guard let outcome = outcome ?? nil else { throw ProcessError.unexpected("no command: \(arguments)") }
        return outcome
    }

    /// Puts a todo into the database, beside commands.
    func insert(id: String, title: String, owner: String) async throws {
        let database = try Database(.file(folder.databasePath))
        defer { database.close() }
        _ = try await database.write { transaction throws(StorageError) in
            try transaction.execute(
                "INSERT INTO Todo (id, title, ownerId) VALUES (?, ?, ?)", [.text(id), .text(title), .text(owner)])
        }
    }

    /// Todos with fields beside their title, and rules for them.
    static func manifest(
        titleType: String = "string", extra: String = "",
        policies: String = #"{"name":"own","entity":"Todo","allow":"auth.userId == data.ownerId"}"#
    ) -> String {
        #"""
        {"manifest_version":1,"name":"tests","version":"1.2.3","entities":[
          {"name":"Todo","fields":[
            {"name":"title","type":"\#(titleType)","optional":false,"unique":false},
            {"name":"ownerId","type":"string","optional":true,"unique":false}\#(extra)],
           "indexes":[{"name":"by_owner","fields":["ownerId"],"unique":false}],"relations":[]}],
         "routes":[],"queries":[],
         "actions":[{"name":"archive","input":[{"name":"all","type":"bool","optional":true,"unique":false}]}],
         "policies":[\#(policies),{"name":"canArchive","action":"archive","allow":"auth.hasRole('editor') && input.all == false"}]}
        """#
    }
}

extension CommandTable.Outcome {
    /// The output as JSON.
    var json: JSONValue {
        get throws { try JSONParser.parse(output) }
    }
}
