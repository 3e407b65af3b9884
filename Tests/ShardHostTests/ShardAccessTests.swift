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

    @Test func aCodeIsSealedWithASaltOfItsOwn() throws {
        let config: JSONValue = ["join_code": "secret", "x": 1, "private": true]
        let rules = try (0..<2).map { _ in try AccessRule(json: config) }
        let sealed = rules.map { $0.sealed(config) }
        #expect(sealed[0] != sealed[1])
        for config in sealed {
            #expect(config["join_code"] == nil && config["x"] == 1)
            let access = ShardAccess()
            access.restrict(try AccessRule(stored: config))
            #expect(access.verdict(SubscriberID("ann"), ann, code: "secret") == .admitted)
            #expect(access.verdict(SubscriberID("ann"), ann, code: "secrets") == .codeWrong)
            // The digest is no code.
            let digest = try #require(config["join_code_digest"]?.string)
            #expect(access.verdict(SubscriberID("ann"), ann, code: digest) == .codeWrong)
            #expect(AccessRule.unlocked(config) == ["x": 1, "private": true])
        }
        #expect(AccessRule.unlocked(["x": 1]) == ["x": 1] && AccessRule().sealed(["x": 1]) == ["x": 1])
    }

    @Test(arguments: ["", ":", "00:11", "zz", 7] as [JSONValue]) func aDigestThatIsNoneIsRefused(_ value: JSONValue) {
        #expect(throws: ConfigurationError.self) { try AccessRule(stored: ["join_code_digest": value]) }
    }

    @Test(
        arguments: [
            ("private", ["private": 1]), ("join_code_digest", ["join_code_digest": "00:11"]),
            ("join_code_digest", ["join_code_digest": nil]), ("join_code", ["join_code": 7]),
            ("join_code", ["join_code": "12345"]),
            ("join_code", ["join_code": .string(String(repeating: "x", count: 129))]),
            ("private", ["private": false, "join_code": "secret"]),
        ] as [(String, JSONValue)])
    func whatCannotBeUsedNamesTheField(field: String, config: JSONValue) {
        let problem = #expect(throws: ConfigurationError.self) { try AccessRule(json: config) }
        #expect(problem?.field == field)
    }
}
