import PylonJSON
import PylonSchema
import Testing

@Suite struct ManifestParserTests {
    /// One mistake: a text of the sample, what stands there instead, and what has to be said about it and where.
    struct Mistake: Sendable {
        let old: String
        let new: String
        let code: DiagnosticCode
        let path: String

        init(_ old: String, _ new: String, _ code: DiagnosticCode, _ path: String) {
            self.old = old
            self.new = new
            self.code = code
            self.path = path
        }
    }

    private static let title = #"{"name": "title", "type": "string", "optional": false, "unique": false}"#
    private static let user = #"{"name": "User","#
    private static let email = #"[{"name": "email", "type": "string", "optional": false, "unique": true}]"#

    @Test func theExampleOfTheContractIsRead() throws {
        let result = ManifestParser.parse(try Samples.json(Samples.todos))
        #expect(result.diagnostics == [])
        let manifest = try #require(result.manifest)
        #expect(manifest.name == "todos" && manifest.appVersion == "0.1.0" && manifest.version == 1)
        #expect(manifest.entities.map(\.name) == ["Todo", "User"])
        let todo = try #require(manifest.entity("Todo"))
        #expect(todo.columnNames == ["id", "title", "done", "ownerId", "notes", "priority", "price", "due"])
        #expect(todo.field("ownerId") == Field(name: "ownerId", type: .reference("User"), isOptional: true))
        #expect(todo.field("notes")?.crdt == .text)
        #expect(todo.field("id") == nil && todo.columnType("id") == .reference("Todo"))
        #expect(todo.indexes == [Index(name: "by_owner", fields: ["ownerId", "done"])])
        #expect(todo.indexes[0].databaseName(of: "Todo") == "Todo_by_owner")
        #expect(todo.relation("owner") == Relation(name: "owner", target: "User", field: "ownerId"))
        #expect(
            todo.search
                == SearchSettings(text: ["title"], facets: ["done"], sortable: ["title"], language: "english"))
        #expect(todo.isCRDT && manifest.entity("User")?.isCRDT == false)
        #expect(manifest.entity("todo") == nil && manifest.action("toggleTodo") != nil)
        #expect(manifest.routes[0].parameters == ["id"])
        #expect(manifest.policies[0].allowWrite == "auth.userId == data.ownerId" && manifest.policies[0].allow == nil)
        #expect(manifest.auth.sessionLifetime == .seconds(3600) && manifest.auth.hide == ["internalNotes"])
        #expect(manifest.auth.cookieCache == .init(isEnabled: true, ageMaximum: .seconds(60), claims: ["is_admin"]))
        #expect(manifest.auth.trustedOrigins == ["https://app.example.com"])
    }

    @Test func whatIsLeftOutHasTheContractsDefault() throws {
        let result = ManifestParser.parse(
            try Samples.json(
                """
                {"manifest_version": 1, "name": "a", "version": "1", "routes": [], "x": {},
                 "entities": [{"name": "A", "fields": [], "indexes": [], "search": {}, "y": 1}]}
                """))
        #expect(result.diagnostics == [])
        let manifest = try #require(result.manifest)
        #expect(manifest.auth == AuthSettings() && manifest.policies == [])
        #expect(manifest.auth.userEntity == "User" && manifest.auth.sessionLifetime == .seconds(30 * 86_400))
        #expect(manifest.entities == [Entity(name: "A", fields: [], isCRDT: true)])
        #expect(manifest.entities[0].search == nil)
    }

    static let mistakes: [Mistake] = [
        Mistake(#""manifest_version": 1"#, #""manifest_version": 2"#, .manifestVersionUnsupported, "manifest_version"),
        Mistake(#""manifest_version": 1, "#, "", .manifestParseError, "manifest_version"),
        Mistake(#""manifest_version": 1"#, #""manifest_version": "1""#, .manifestParseError, "manifest_version"),
        Mistake(#""name": "todos", "#, "", .manifestParseError, "name"),
        Mistake(#""version": "0.1.0""#, #""version": 1"#, .manifestParseError, "version"),
        Mistake(#""routes": [{"path""#, #""rout": [{"path""#, .manifestParseError, "routes"),
        Mistake(user, #"{"nom": "User","#, .manifestParseError, "entities[1].name"),
        Mistake(#""indexes": [],"#, "", .manifestParseError, "entities[1].indexes"),
        Mistake(email, "{}", .manifestParseError, "entities[1].fields"),
        Mistake(email, "[7]", .manifestParseError, "entities[1].fields[0]"),
        Mistake(#""unique": true"#, #""unique": 1"#, .manifestParseError, "entities[1].fields[0].unique"),
        Mistake(#""crdt": "text""#, #""crdt": "texts""#, .manifestParseError, "entities[0].fields[3].crdt"),
        Mistake(#""expires_in": 3600"#, #""expires_in": -1"#, .manifestParseError, "auth.session.expires_in"),
        Mistake(user, #"{"name": "","#, .entityNameEmpty, "entities[1].name"),
        Mistake(user, #"{"name": "Todo","#, .entityDuplicate, "entities[1].name"),
        Mistake(title, title.replacing("title", ""), .fieldNameEmpty, "entities[0].fields[0].name"),
        Mistake(title, title.replacing("title", "done"), .fieldDuplicate, "entities[0].fields[1].name"),
        Mistake(title, title.replacing("string", "json"), .fieldTypeUnknown, "entities[0].fields[0].type"),
        Mistake(title, title.replacing("string", "id()"), .fieldTypeUnknown, "entities[0].fields[0].type"),
        Mistake(title, title.replacing("string", "id(X)"), .fieldIDTargetNotFound, "entities[0].fields[0].type"),
        Mistake(#""richtext""#, #""int""#, .fieldCRDTInvalid, "entities[0].fields[3].crdt"),
        Mistake(#""crdt": "text""#, #""crdt": "counter""#, .fieldCRDTInvalid, "entities[0].fields[3].crdt"),
        Mistake("by_owner", "", .indexNameEmpty, "entities[0].indexes[0].name"),
        Mistake(#"["ownerId", "done"]"#, "[]", .indexFieldsEmpty, "entities[0].indexes[0].fields"),
        Mistake(#"["ownerId", "done"]"#, #"["id"]"#, .indexFieldNotFound, "entities[0].indexes[0].fields[0]"),
        Mistake(
            #"["ownerId", "done"]"#, #"["done", "done"]"#, .indexFieldDuplicate, "entities[0].indexes[0].fields[1]"),
        Mistake(#"{"name": "todoById""#, #"{"name": """#, .queryNameEmpty, "queries[0].name"),
        Mistake(#"{"name": "toggleTodo""#, #"{"name": """#, .actionNameEmpty, "actions[0].name"),
        Mistake(#"{"name": "todoId", "#, #"{"name": "", "#, .inputFieldNameEmpty, "actions[0].input[0].name"),
        Mistake(
            #""todoId", "type": "id(Todo)""#, #""todoId", "type": "x""#, .inputFieldTypeUnknown,
            "actions[0].input[0].type"),
        Mistake(
            #""todoId", "type": "id(Todo)""#, #""todoId", "type": "id(X)""#, .fieldIDTargetNotFound,
            "actions[0].input[0].type"),
        Mistake(#""name": "canToggle""#, #""name": """#, .policyNameEmpty, "policies[1].name"),
        Mistake(#""name": "canToggle""#, #""name": "todoOwner""#, .policyDuplicate, "policies[1].name"),
        Mistake(#""allow": "auth.userId != null""#, #""allow": """#, .policyAllowEmpty, "policies[1]"),
        Mistake(#""action": "toggleTodo", "#, "", .policyNoTarget, "policies[1]"),
        Mistake(#""entity": "Todo""#, #""entity": "Tod""#, .policyEntityNotFound, "policies[0].entity"),
        Mistake(#""action": "toggleTodo""#, #""action": "x""#, .policyActionNotFound, "policies[1].action"),
        Mistake("/todos/:id", "", .routePathEmpty, "routes[0].path"),
        Mistake("/todos/:id", "todos/:id", .routePathNoSlash, "routes[0].path"),
        Mistake("/todos/:id", "/todos/:nr", .routeParameterNotInQuery, "routes[0].path"),
        Mistake(#""query": "todoById""#, #""query": "x""#, .routeQueryNotFound, "routes[0].query"),
        Mistake(#""auth": "user"}"#, #""auth": "root"}"#, .routeAuthInvalid, "routes[0].auth"),
    ]

    @Test(arguments: mistakes) func everyRuleOfTheContractIsChecked(mistake: Mistake) throws {
        try expect(mistake)
    }

    /// What the reference accepts and then trips over.
    static let oddNames: [Mistake] = [
        Mistake(user, #"{"name": "Us er","#, .entityNameInvalid, "entities[1].name"),
        Mistake(user, #"{"name": "9User","#, .entityNameInvalid, "entities[1].name"),
        Mistake(user, #"{"name": "Üser","#, .entityNameInvalid, "entities[1].name"),
        Mistake(user, #"{"name": "U\"; DROP TABLE x; --","#, .entityNameInvalid, "entities[1].name"),
        Mistake(
            user, #"{"name": "\#(String(repeating: "u", count: 64))","#, .entityNameInvalid, "entities[1].name"),
        Mistake(user, #"{"name": "tODo","#, .entityDuplicate, "entities[1].name"),
        Mistake(user, #"{"name": "_Pylon_x","#, .entityNameReserved, "entities[1].name"),
        Mistake(user, #"{"name": "SQLite_x","#, .entityNameReserved, "entities[1].name"),
        Mistake(user, #"{"name": "_fts_Todo","#, .entityNameReserved, "entities[1].name"),
        Mistake(user, #"{"name": "_facet_bitmap","#, .entityNameReserved, "entities[1].name"),
        Mistake(user, #"{"name": "todo_by_owner","#, .databaseNameDuplicate, "entities[0].indexes[0].name"),
        Mistake(title, title.replacing("title", "id"), .fieldNameReserved, "entities[0].fields[0].name"),
        Mistake(title, title.replacing("title", "ID"), .fieldNameReserved, "entities[0].fields[0].name"),
        Mistake(title, title.replacing("title", "rowid"), .fieldNameReserved, "entities[0].fields[0].name"),
        Mistake(title, title.replacing("title", "_pylon"), .fieldNameReserved, "entities[0].fields[0].name"),
        Mistake(title, title.replacing("title", "a-b"), .fieldNameInvalid, "entities[0].fields[0].name"),
        Mistake(title, title.replacing("title", "DONE"), .fieldDuplicate, "entities[0].fields[1].name"),
        Mistake("by_owner", "by owner", .indexNameInvalid, "entities[0].indexes[0].name"),
        Mistake("by_owner", "_fts", .indexNameReserved, "entities[0].indexes[0].name"),
        Mistake("by_owner", "sort_title", .databaseNameDuplicate, "entities[0].search.sortable[0]"),
        Mistake(#"{"name": "owner""#, #"{"name": """#, .relationNameEmpty, "entities[0].relations[0].name"),
        Mistake(#"{"name": "owner""#, #"{"name": "o.o""#, .relationNameInvalid, "entities[0].relations[0].name"),
        Mistake(
            #""target": "User""#, #""target": "Us""#, .relationTargetNotFound, "entities[0].relations[0].target"),
        Mistake(
            #""field": "ownerId", "many": false"#, #""field": "owner""#, .relationFieldNotFound,
            "entities[0].relations[0].field"),
        Mistake(
            #""field": "ownerId", "many": false"#, #""field": "done""#, .relationFieldType,
            "entities[0].relations[0].field"),
        Mistake(
            #""field": "ownerId", "many": true"#, #""field": "nope", "many": true"#, .relationFieldNotFound,
            "entities[1].relations[0].field"),
        Mistake(#""text": ["title"]"#, #""text": ["x"]"#, .searchFieldNotFound, "entities[0].search.text[0]"),
        Mistake(#""text": ["title"]"#, #""text": ["done"]"#, .searchFieldType, "entities[0].search.text[0]"),
        Mistake(#""facets": ["done"]"#, #""facets": ["id"]"#, .searchFieldNotFound, "entities[0].search.facets[0]"),
        Mistake(
            #""facets": ["done"]"#, #""facets": ["done", "done"]"#, .searchFieldDuplicate,
            "entities[0].search.facets[1]"),
        Mistake(
            #""sortable": ["title"]"#, #""sortable": ["x"]"#, .searchFieldNotFound, "entities[0].search.sortable[0]"),
    ]

    @Test(arguments: oddNames) func defect47OddAndReservedNamesAreRefused(mistake: Mistake) throws {
        try expect(mistake)
    }

    /// The reference takes a column of its own entity there, so its manifests have such relations.
    @Test func defect36ARelationToManyByItsOwnColumnIsWarnedOf() throws {
        let text = Samples.todos.replacing(
            #""field": "ownerId", "many": true"#, #""field": "email", "many": true"#)
        let result = ManifestParser.parse(try Samples.json(text))
        #expect(result.manifest?.entity("User")?.relation("todos")?.field == "email")
        #expect(result.diagnostics.map(\.severity) == [.warning])
        #expect(result.diagnostics.map(\.code) == [.relationFieldNotFound])
        #expect(result.diagnostics.map(\.path.text) == ["entities[1].relations[0].field"])
    }

    @Test func lookAlikesOfANameAreOtherNames() throws {
        let text = #"""
            {"manifest_version":1,"name":"a","version":"1","routes":[],"entities":[
             {"name":"K","fields":[{"name":"a","type":"id(\u212A)","optional":true,"unique":false}],"indexes":[]}]}
            """#
        #expect(ManifestParser.parse(try Samples.json(text)).diagnostics.map(\.code) == [.fieldIDTargetNotFound])
    }

    @Test func anEntityMustBeDeclared() throws {
        let result = ManifestParser.parse(
            try Samples.json(#"{"manifest_version":1,"name":"a","version":"1","entities":[],"routes":[]}"#))
        #expect(result.manifest == nil)
        #expect(result.diagnostics.map(\.code) == [.schemaEmpty])
    }

    @Test func allProblemsAreReportedAtOnce() throws {
        let text = Samples.todos.replacing("\"by_owner\"", "\"\"").replacing("/todos/:id", "todos")
            .replacing("\"toggleTodo\", \"allow\"", "\"x\", \"allow\"")
        let result = ManifestParser.parse(try Samples.json(text))
        #expect(result.manifest == nil)
        #expect(
            Set(result.diagnostics.map(\.code)) == [.indexNameEmpty, .routePathNoSlash, .policyActionNotFound])
    }

    @Test func rulesAreJudgedByWhoeverKnowsThem() throws {
        let result = ManifestParser.parse(
            try Samples.json(Samples.todos),
            policyProblem: { $0.contains("==") ? "no equality today" : nil })
        #expect(result.manifest == nil)
        #expect(result.diagnostics.map(\.code) == [.policyExpressionInvalid])
        #expect(result.diagnostics.map(\.path.text) == ["policies[0].allowWrite"])
        #expect(result.diagnostics.map(\.message) == ["no equality today"])
    }

    @Test func anUnknownRouteModeIsAWarningOnly() throws {
        let result = ManifestParser.parse(try Samples.json(Samples.todos.replacing("\"server\"", "\"x\"")))
        #expect(result.manifest != nil)
        #expect(result.diagnostics.map(\.severity) == [.warning])
    }

    @Test func everyErrorSaysWhatToWriteInstead() throws {
        for mistake in Self.mistakes + Self.oddNames {
            let json = try Samples.json(Samples.todos.replacing(mistake.old, mistake.new))
            for diagnostic in ManifestParser.parse(json).diagnostics {
                #expect(diagnostic.hint?.isEmpty == false, "\(diagnostic)")
            }
        }
    }

    @Test func limitsHold() throws {
        let entity = #"{"name":"E","fields":[],"indexes":[]}"#
        let many = Array(repeating: entity, count: ManifestLimits.entityCountMaximum + 1).joined(separator: ",")
        let text = #"{"manifest_version":1,"name":"a","version":"1","routes":[],"entities":["# + many + "]}"
        let result = ManifestParser.parse(try Samples.json(text))
        #expect(result.manifest == nil)
        #expect(result.diagnostics.contains { $0.code == .manifestLimitExceeded && $0.path.text == "entities" })
        let long = String(repeating: "x", count: ManifestLimits.textByteCountMaximum + 1)
        let named = ManifestParser.parse(try Samples.json(Samples.todos.replacing("0.1.0", long)))
        #expect(named.diagnostics.map(\.code) == [.manifestLimitExceeded])
        let unnamed = Array(repeating: "0", count: 4000).joined(separator: ",")
        let flood = ManifestParser.parse(
            try Samples.json("{\"policies\":[\(unnamed)],\"actions\":[\(unnamed)]}"))
        #expect(flood.diagnostics.count == ManifestLimits.diagnosticCountMaximum + 1)
        #expect(flood.diagnostics.last?.severity == .info)
    }

    @Test func textThatIsNoJSONIsADiagnosticToo() {
        let bytes = Array("{".utf8)
        let result = ManifestParser.parse(bytes: bytes.span)
        #expect(result.manifest == nil)
        #expect(result.diagnostics.map(\.code) == [.manifestParseError])
    }

    @Test func aDiagnosticIsWrittenAsTheContractSays() throws {
        let json = try Samples.json(Samples.todos.replacing("by_owner", ""))
        let diagnostic = try #require(ManifestParser.parse(json).diagnostics.first)
        let written = diagnostic.json(file: "app.json")
        #expect(written["severity"] == "error" && written["code"] == "INDEX_NAME_EMPTY")
        #expect(written["span"] == ["file": "app.json", "path": "entities[0].indexes[0].name"])
        #expect(written["hint"] == "give it a name")
    }

    private func expect(_ mistake: Mistake) throws {
        let text = Samples.todos.replacing(mistake.old, mistake.new)
        #expect(text != Samples.todos, "the sample has no \(mistake.old)")
        let result = ManifestParser.parse(try Samples.json(text))
        #expect(result.manifest == nil)
        let found = result.diagnostics.contains { $0.code == mistake.code && $0.path.text == mistake.path }
        #expect(found, "\(result.diagnostics)")
    }
}

extension String {
    /// The text with the first occurrence of `old` exchanged.
    func replacing(_ old: String, _ new: String) -> String {
        let bytes = Array(utf8)
        let pattern = Array(old.utf8)
        guard bytes.count >= pattern.count,
            let start = (0...bytes.count - pattern.count).first(where: {
                bytes[$0..<$0 + pattern.count].elementsEqual(pattern)
            })
        else { return self }
        return String(
            decoding: bytes[..<start] + Array(new.utf8) + bytes[(start + pattern.count)...], as: UTF8.self)
    }
}
