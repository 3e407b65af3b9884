import Foundation
import FoundationNetworking

/// The built `todo` program on a port of its own, with a database that goes with it.
final class TodoServer: Sendable {
    private let process = Process()
    private let folder: URL
    private let address: URL

    init() throws {
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        folder = FileManager.default.temporaryDirectory.appending(path: "todo-\(UUID().uuidString)")
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "todo")
        process.arguments = [
            "serve", "--host", "127.0.0.1", "--port", "0", "--app", package.appending(path: "pylon.manifest.json").path,
            "--db", folder.appending(path: "todo.db").path,
        ]
        process.environment = ["PYLON_ADMIN_TOKEN": "admin", "PYLON_LOG": "error"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        // `todo 0.1.0 is ready: http://127.0.0.1:4321/`
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let url = line.split(separator: " ").last.flatMap({ URL(string: $0.trimmingCharacters(in: .newlines)) })
        else { throw CocoaError(.executableLoad) }
        address = url
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    /// One request; the status and the answer's JSON.
    func request(
        _ method: String, _ path: String, token: String? = nil, _ body: [String: any Sendable]? = nil
    ) async throws -> (status: Int, json: Any) {
        var request = URLRequest(url: address.appending(path: path))
        request.httpMethod = method
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        if let body { request.httpBody = try JSONSerialization.data(withJSONObject: body) }
        let (data, response) = try await URLSession.shared.data(for: request)
        return ((response as? HTTPURLResponse)?.statusCode ?? 0, try JSONSerialization.jsonObject(with: data))
    }

    /// A new guest.
    func guest() async throws -> (token: String, id: String) {
        let guest = try await request("POST", "api/auth/guest").json as? [String: Any]
        return (guest?["token"] as? String ?? "", guest?["user_id"] as? String ?? "")
    }

    /// Adds a row; its id.
    func insert(_ entity: String, _ row: [String: any Sendable], token: String) async throws -> String {
        let answer = try await request("POST", "api/entities/\(entity)", token: token, row)
        return (answer.json as? [String: Any])?["id"] as? String ?? "refused: \(answer.json)"
    }

    /// A row as somebody sees it.
    func row(_ entity: String, _ id: String, token: String) async throws -> [String: Any] {
        try await request("GET", "api/entities/\(entity)/\(id)", token: token).json as? [String: Any] ?? [:]
    }
}
