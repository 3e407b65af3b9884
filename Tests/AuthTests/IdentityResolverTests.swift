import PylonAuth
import PylonTime
import Testing

@Suite struct IdentityResolverTests {
    private let sessions = SessionStore(clock: ManualClock())

    @Test func theAdminTokenGrantsAdmin() async throws {
        let resolver = IdentityResolver(adminToken: "secret", sessions: sessions)
        #expect(resolver.resolve("secret") == .admin)
        #expect(resolver.resolve("secret").isAdmin)
    }

    @Test(arguments: ["Secret", "secre", "secrets", "secret ", "", " "])
    func whatOnlyResemblesTheAdminTokenIsAnonymous(token: String) {
        let resolver = IdentityResolver(adminToken: "secret", sessions: sessions)
        #expect(resolver.resolve(token) == .anonymous)
    }

    @Test func anEmptyAdminTokenMakesNobodyAdmin() async throws {
        let resolver = IdentityResolver(adminToken: "", sessions: sessions)
        #expect(resolver.resolve("") == .anonymous)
        #expect(resolver.resolve(nil) == .anonymous)
    }

    @Test func aGuestIsKnownByItsToken() async throws {
        let resolver = IdentityResolver(adminToken: "secret", sessions: sessions)
        let guest = try await sessions.startGuest()
        let identity = resolver.resolve(guest.token)
        #expect(identity.userID == guest.userID)
        #expect(identity.isGuest && !identity.isAdmin)
        #expect(identity.userID == guest.userID)
        #expect(resolver.resolve(guest.userID) == .anonymous)
    }

    @Test func anUnknownTokenIsAnonymous() async throws {
        let resolver = IdentityResolver(adminToken: "secret", sessions: sessions)
        #expect(resolver.resolve("pylon_0000") == .anonymous)
        #expect(Identity.anonymous.userID == nil && !Identity.anonymous.isAdmin)
    }
}
