import Testing

@Suite struct TodoTests {
    private let server: TodoServer

    init() throws {
        server = try TodoServer()
    }

    @Test func `an action finishes the todos of a list, and only its owner may call it`() async throws {
        let (ann, bob) = (try await server.guest(), try await server.guest())
        let list = try await server.insert("List", ["name": "errands", "ownerId": ann.id], token: ann.token)
        var todos: [String] = []
        for title in ["milk", "bread"] {
            todos.append(
                try await server.insert(
                    "Todo", ["title": title, "done": false, "ownerId": ann.id, "listId": list], token: ann.token))
        }
        let refused = try await server.request("POST", "api/actions/finishList", token: bob.token, ["listId": list])
        #expect(refused.status == 403)
        let answer = try await server.request("POST", "api/actions/finishList", token: ann.token, ["listId": list])
        #expect(answer.status == 200)
        let result = (answer.json as? [String: Any])?["result"] as? [String: Any]
        #expect(result?["finished"] as? Int == 2)
        for todo in todos {
            let row = try await server.row("Todo", todo, token: ann.token)
            #expect(row["done"] as? Bool == true)
            #expect(row["finishedAt"] is String)
        }
        let missing = try await server.request(
            "POST", "api/actions/finishList", token: ann.token, ["listId": String(repeating: "0", count: 40)])
        #expect(missing.status == 404)
    }

    @Test func `a hook keeps todos tidy whichever way they come`() async throws {
        let ann = try await server.guest()
        let blank: [String: any Sendable] = ["title": "  ", "done": false, "ownerId": ann.id]
        let refused = try await server.request("POST", "api/entities/Todo", token: ann.token, blank)
        #expect(refused.status == 400)
        let batch = try await server.request(
            "POST", "api/batch", token: "admin",
            ["operations": [["op": "insert", "entity": "Todo", "data": blank]] as [[String: any Sendable]]])
        #expect((batch.json as? [String: Any])?["failed"] as? Int == 1)
        let forged: [String: any Sendable] = [
            "title": "x", "done": false, "ownerId": ann.id, "finishedAt": "2001-01-01T00:00:00Z",
        ]
        let id = try await server.insert("Todo", forged, token: ann.token)
        let row = try await server.row("Todo", id, token: ann.token)
        #expect(!(row["finishedAt"] is String))
    }

    @Test func `nobody sees the todos of others`() async throws {
        let (ann, bob) = (try await server.guest(), try await server.guest())
        let id = try await server.insert("Todo", ["title": "t", "done": false, "ownerId": ann.id], token: ann.token)
        #expect(try await server.request("GET", "api/entities/Todo/\(id)", token: bob.token).status == 403)
        let list = try await server.request("GET", "api/entities/Todo", token: bob.token).json as? [String: Any]
        #expect(list?["count"] as? Int == 0)
    }
}
