import Glibc
import PylonJSON
import PylonPolicy
import PylonSchema
import Testing

/// Every example of docs/policies.md.
@Suite struct PolicyPageTests {
    private let lines: [Substring]

    init() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let file = try #require(fopen("\(root)/docs/policies.md", "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 17)
        let count = fread(&bytes, 1, bytes.count, file)
        #expect(count < bytes.count)
        lines = String(decoding: bytes[..<count], as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
    }

    /// The contents of the fenced blocks of a kind.
    private func blocks(_ kind: String) -> [String] {
        var found: [String] = []
        var block: [Substring]?
        for line in lines {
            if let open = block {
                if line == "```" {
                    found.append(open.joined(separator: "\n"))
                    block = nil
                } else {
                    block?.append(line)
                }
            } else if line == "```\(kind)" {
                block = []
            }
        }
        return found
    }

    /// The policies of the manifest on the page.
    private func policies() throws -> PolicySet {
        let json = try JSONParser.parse(try #require(blocks("json").first))
        let rules = try #require(json["policies"]?.array).map { policy in
            PolicyRule(
                name: try #require(policy["name"]?.string), entity: policy["entity"]?.string,
                action: policy["action"]?.string, allow: policy["allow"]?.string,
                allowRead: policy["allowRead"]?.string, allowInsert: policy["allowInsert"]?.string,
                allowWrite: policy["allowWrite"]?.string)
        }
        return PolicySet(Sample.manifest(rules, actions: [Operation(name: "archive")]))
    }

    @Test func theTableIsTheTestedOne() throws {
        let start = try #require(lines.firstIndex { $0 == TruthTable.header })
        let shown = lines[(start + 2)...].prefix { $0.hasPrefix("|") }.map(String.init)
        #expect(shown == TruthTable.lines.map(\.description))
    }

    @Test func examplesAreRules() {
        let examples = blocks("policy")
        #expect(examples.count == 6)
        for example in examples { #expect(Sample.policies(example).problems == []) }
    }

    @Test func theManifestDoesWhatThePageSays() throws {
        let policies = try policies()
        let user = PolicyIdentity(userID: "u1")
        let guest = PolicyIdentity(userID: "u1", isGuest: true)
        let own = Sample.row(["ownerId": .text("u1")])
        let done = Sample.row(["ownerId": .text("u2"), "done": .bool(true)])
        #expect(policies.problems == [])
        #expect(policies.openEntities.map(\.name) == ["User"])
        #expect(policies.decide(.read, "Todo", .anonymous, row: done).isAllowed)
        #expect(!policies.decide(.read, "Todo", .anonymous, row: own).isAllowed)
        #expect(policies.decide(.insert, "Todo", guest, row: own).isAllowed)
        #expect(!policies.decide(.update, "Todo", guest, row: own).isAllowed)
        #expect(policies.decide(.delete, "Todo", user, row: own).isAllowed)
        let editor = PolicyIdentity(userID: "u1", roles: ["editor"])
        #expect(policies.decide(action: "archive", editor, input: ["all": false]).isAllowed)
        #expect(!policies.decide(action: "archive", editor, input: ["all": true]).isAllowed)
        #expect(!policies.decide(action: "archive", user, input: ["all": false]).isAllowed)
    }

    @Test func theErrorIsTheOneShown() {
        #expect(throws: PolicyParseError.self) { try PolicyExpression(parsing: "auth.userId = data.ownerId") }
        let error = Sample.policies("auth.userId = data.ownerId").problems.first
        #expect(error.map { [$0.message] } == blocks("error"))
    }

    @Test func theExplanationIsTheOneShown() throws {
        let row = Sample.row(["ownerId": .text("u2")])
        let explanation = try policies().explain(.delete, "Todo", PolicyIdentity(userID: "u1"), row: row)
        #expect(blocks("explanation") == [explanation.description])
    }

    @Test func theTenantRuleIsTheOneShown() {
        let entity = Entity(name: "E", fields: [Sample.optional("tenantId", .string)])
        #expect(blocks("tenant") == [TenantScope(entity)?.rule])
    }
}
