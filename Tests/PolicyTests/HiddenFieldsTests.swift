import PylonPolicy
import PylonSchema
import Testing

@Suite struct HiddenFieldsTests {
    @Test(arguments: [
        ("passwordHash", true), ("password_hash", true), ("PasswordHash", true), ("hashedPassword", true),
        ("encrypted_password", true), ("passwordDigest", true), ("password_salt", true), ("totpSecret", true),
        ("totpBackupCodes", true), ("totpVerified", false),
        ("password", false), ("hash", false), ("passwordHashedAt", false), ("secret", false),
    ])
    func `credentials are known by their names`(_ name: String, _ isSecret: Bool) {
        let entity = Entity(name: "Account", fields: [Sample.optional(name, .string)])
        let policies = PolicySet(Sample.manifest([], entities: [entity]))
        #expect(policies.secretFields(of: "Account") == (isSecret ? [name] : []))
        #expect(policies.hiddenFields(of: "Account") == (isSecret ? [name] : []))
    }

    @Test func theUserEntityIsTheOneOfTheSettings() {
        let member = Entity(
            name: "Member", fields: ["_rank", "notes", "password"].map { Sample.optional($0, .string) })
        let policies = PolicySet(
            Sample.manifest([], entities: [member], auth: AuthSettings(userEntity: "Member", hide: ["notes"])))
        #expect(policies.hiddenFields(of: "Member") == ["_rank", "notes", "password"])
        #expect(policies.secretFields(of: "Member") == ["password"])
        #expect(policies.hiddenFields(of: "User") == ["passwordHash"])
    }
}
