import PylonJSON
import PylonSimulation
import Testing

@testable import PylonShardHost

@Suite struct ShardAccessTests {
    private let ann = Caller(userID: "ann", isAdmin: false)
    private let bob = Caller(userID: "bob", isAdmin: false)

    private func access(_ config: JSONValue) throws -> ShardAccess {
        let access = ShardAccess()
        access.restrict(try AccessRule(json: config))
        return access
    }

    @Test func anOpenShardNeedsNoCode() throws {
        for config in [[:], ["private": false], ["private": nil]] as [JSONValue] {
            let access = try access(config)
            #expect(!access.isPrivate && access.verdict(SubscriberID("ann"), ann, code: nil) == .admitted)
        }
    }

    @Test func aJoinCodeIsForEveryone() throws {
        let access = try access(["join_code": "secret"])
        #expect(access.isPrivate)
        #expect(access.verdict(SubscriberID("ann"), ann, code: "secret") == .admitted)
        #expect(access.verdict(SubscriberID("ann"), ann, code: nil) == .codeMissing)
        #expect(access.verdict(SubscriberID("ann"), ann, code: "") == .codeMissing)
        for wrong in ["secreT", "secre", "secrets"] {
            #expect(access.verdict(SubscriberID("ann"), ann, code: wrong) == .codeWrong)
        }
        let admin = Caller(userID: "__admin__", isAdmin: true)
        #expect(access.verdict(SubscriberID("ann"), admin, code: nil) == .admitted)
    }

    @Test func aPassIsForItsOwnerAlone() throws {
        let access = try access(["private": true])
        access.issue(["ann": "pass-of-ann", "bob": "pass-of-bob"])
        #expect(access.verdict(SubscriberID("ann"), ann, code: "pass-of-ann") == .admitted)
        #expect(access.verdict(SubscriberID("ann"), ann, code: "pass-of-bob") == .codeWrong)
        #expect(access.verdict(SubscriberID("bob"), bob, code: "pass-of-ann") == .codeWrong)
        #expect(access.verdict(SubscriberID("ann"), bob, code: "pass-of-ann") == .codeWrong)
        access.revoke(["ann"])
        #expect(access.verdict(SubscriberID("ann"), ann, code: "pass-of-ann") == .codeWrong)
        #expect(access.verdict(SubscriberID("bob"), bob, code: "pass-of-bob") == .admitted)
    }

    @Test(
        arguments: [
            ("private", ["private": 1]), ("join_code", ["join_code": 7]), ("join_code", ["join_code": "12345"]),
            ("join_code", ["join_code": .string(String(repeating: "x", count: 129))]),
            ("private", ["private": false, "join_code": "secret"]),
        ] as [(String, JSONValue)])
    func whatCannotBeUsedNamesTheField(field: String, config: JSONValue) {
        let problem = #expect(throws: ConfigurationError.self) { try AccessRule(json: config) }
        #expect(problem?.field == field)
    }
}
