import PylonTime
import Testing

@testable import PylonAuth

@Suite struct SessionStoreTests {
    private let clock = ManualClock()

    @Test func allSessionsOfAUserEndTogether() async throws {
        let store = SessionStore(clock: clock)
        var amys: [String] = []
        for _ in 0..<3 { amys.append(try await store.start(for: "amy").token) }
        let bobs = try await store.start(for: "bob").token
        #expect(try await store.endAll(of: "amy") == 3)
        #expect(amys.allSatisfy { store.session(for: $0) == nil })
        #expect(store.session(for: bobs)?.userID == "bob")
        #expect(try await store.endAll(of: "amy") == 0)
        #expect(try await store.endAll(of: "bob") == 1, "the last of all")
        for _ in 0..<1200 { _ = try await store.start(for: "cat") }
        #expect(try await store.endAll(of: "cat") == 1200)
        #expect(store.count == 0)
    }

    @Test func tokensAndUserIDsNeverRepeat() async throws {
        let store = SessionStore(clock: clock)
        var seen: Set<String> = []
        for _ in 0..<500 {
            let guest = try await store.startGuest()
            #expect(seen.insert(guest.token).inserted && seen.insert(guest.userID).inserted)
            #expect(guest.token.hasPrefix("pylon_") && guest.token.utf8.count == 6 + 64)
            #expect(guest.userID.hasPrefix("guest_") && guest.userID.utf8.count == 6 + 32)
        }
        #expect(store.count == 500)
    }

    @Test func aSessionEndsWithItsLifetime() async throws {
        let store = SessionStore(clock: clock)
        let guest = try await store.startGuest()
        clock.advance(by: SessionStore.lifetime - .nanoseconds(1))
        #expect(store.session(for: guest.token)?.userID == guest.userID)
        clock.advance(by: .nanoseconds(1))
        #expect(store.session(for: guest.token)?.userID == nil)
    }

    @Test func expiredSessionsAreForgottenAsNewOnesCome() async throws {
        let store = SessionStore(clock: clock)
        for _ in 0..<5000 { _ = try await store.startGuest() }
        clock.advance(by: SessionStore.lifetime)
        for _ in 0..<5000 { _ = try await store.startGuest() }
        #expect(store.count == 5000)
    }

    @Test func beyondTheBoundTheOldestSessionEnds() async throws {
        let store = SessionStore(clock: clock)
        let first = try await store.startGuest()
        let second = try await store.startGuest()
        for _ in 2..<SessionStore.sessionsMaximum { _ = try await store.startGuest() }
        #expect(store.session(for: first.token) != nil)
        let newest = try await store.startGuest()
        #expect(store.count == SessionStore.sessionsMaximum)
        #expect(store.session(for: first.token) == nil)
        #expect(store.session(for: second.token) != nil)
        #expect(store.session(for: newest.token) != nil)
    }

    @Test func aUserHasASessionUntilItIsEnded() async throws {
        let store = SessionStore(clock: clock)
        let first = try await store.start(for: "ann")
        let second = try await store.start(for: "ann")
        #expect(store.session(for: first.token)?.userID == "ann")
        #expect(store.session(for: first.token)?.isGuest == false)
        #expect(try await store.end(first.token))
        #expect(try await store.end(first.token) == false)
        #expect(store.session(for: first.token) == nil)
        #expect(store.session(for: second.token)?.userID == "ann")
        #expect(store.count == 1)
    }

    @Test func aSessionForAGuestsIDIsAGuests() async throws {
        let store = SessionStore(clock: clock)
        let token = try await store.start(for: try await store.startGuest().userID).token
        #expect(store.session(for: token)?.isGuest == true)
    }

    @Test func lifetimesAreGivenInSecondsAndMayHaveNoEnd() async throws {
        let store = SessionStore(clock: clock)
        let brief = try await store.start(for: "ann", lifetime: .seconds(60))
        let eternal = try await store.start(for: "ann", lifetime: nil)
        #expect(brief.expiresAt == Int64(clock.microsecondsSinceEpoch() / 1_000_000) + 60)
        #expect(eternal.expiresAt == nil)
        clock.advance(by: .seconds(60))
        #expect(store.session(for: brief.token) == nil)
        clock.advance(by: .seconds(100 * 365 * 86_400))
        #expect(store.session(for: eternal.token) != nil)
    }

    /// Whoever signs in and out again and again leaves nothing behind.
    @Test func endedSessionsTakeNoRoom() async throws {
        let store = SessionStore(clock: clock)
        let kept = try await store.start(for: "ann")
        for _ in 0..<3 * SessionStore.sessionsMaximum / 2 {
            try await store.end(try await store.start(for: "bob").token)
        }
        #expect(store.count == 1)
        #expect(store.session(for: kept.token) != nil)
    }
}
