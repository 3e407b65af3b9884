import Pylon

// A todo server: what the manifest beside this package declares, one action, and one hook. The rules are all in the manifest.

/// Marks every open todo of a list as done: all of them or, should one be refused, none.
let finishList = Action("finishList") { call in
    let listID = call.input["listId"]?.string ?? ""
    guard let list = try await call.rows.row("List", id: listID) else {
        throw ActionError(code: "LIST_NOT_FOUND", message: "There is no such list.", status: 404)
    }
    let open = try await call.rows.query("Todo", ["listId": .string(listID), "done": false])
    let ids = open.compactMap { $0["id"]?.string }
    _ = try await call.rows.transact(ids.map { .update("Todo", id: $0, ["done": true]) })
    return ["list": list["name"] ?? .null, "finished": .integer(Int64(ids.count))]
}

/// Titles say something, and `finishedAt` is the server's to set, whichever way a todo is changed.
let keepTodosTidy = RecordHook(
    "tidy", on: ["Todo"],
    before: { (change) throws(RecordHook.Refusal) in
        if let title = change.values["title"]?.string, title.allSatisfy(\.isWhitespace) {
            throw RecordHook.Refusal(code: "TITLE_EMPTY", message: "A todo needs a title.")
        }
        switch (change.values["done"], change.old?["done"]) {
        case (true, true?), (nil, _): change.values["finishedAt"] = nil
        case (true, _): change.values["finishedAt"] = .string(now())
        default: change.values["finishedAt"] = .null
        }
    })

func now() -> String {
    CalendarTime(secondsSinceEpoch: Int(SystemClock().microsecondsSinceEpoch() / 1_000_000)).text
}

ShardServer(program: "todo", actions: [finishList], hooks: [keepTodosTidy]).main()
