import PylonTime
import Testing

@testable import PylonAuth

@Suite struct SessionStoreTests {
    private let clock = ManualClock()

    @Test func allSessionsOfAUserEndTogether() {
        let store = SessionStore(clock: clock)
        let amys = (0..<3).map { _ in store.start(for: "amy").token }
        let bobs = store.start(for: "bob").token
        #expect(store.endAll(of: "amy") == 3)
        #expect(amys.allSatisfy { store.session(for: $0) == nil })
        #expect(store.session(for: bobs)?.userID == "bob")
        #expect(store.endAll(of: "amy") == 0)
        #expect(store.endAll(of: "bob") == 1, "the last of all")
        for _ in 0..<1200 { _ = store.start(for: "cat") }
        #expect(store.endAll(of: "cat") == 1200)
        #expect(store.count == 0)
    }

    @Test func tokensAndUserIDsNeverRepeat() throws {
        let store = SessionStore(clock: clock)
        var seen: Set<String> = []
        for _ in 0..<500 {
            let guest = store.startGuest()
            #expect(seen.insert(guest.token).inserted && seen.insert(guest.userID).inserted)
            #expect(guest.token.hasPrefix("pylon_") && guest.token.utf8.count == 6 + 64)
            #expect(guest.userID.hasPrefix("guest_") && guest.userID.utf8.count == 6 + 32)
        }
        #expect(store.count == 500)
    }

    @Test func aSessionEndsWithItsLifetime() {
        let store = SessionStore(clock: clock)
        let guest = store.startGuest()
        clock.advance(by: SessionStore.lifetime - .nanoseconds(1))
        #expect(store.session(for: guest.token)?.userID == guest.userID)
        clock.advance(by: .nanoseconds(1))
        #expect(store.session(for: guest.token)?.userID == nil)
    }

    @Test func expiredSessionsAreForgottenAsNewOnesCome() {
        let store = SessionStore(clock: clock)
        for _ in 0..<5000 { _ = store.startGuest() }
        clock.advance(by: SessionStore.lifetime)
        for _ in 0..<5000 { _ = store.startGuest() }
        #expect(store.count == 5000)
    }

    @Test func beyondTheBoundTheOldestSessionEnds() {
        let store = SessionStore(clock: clock)
        let first = store.startGuest()
        let second = store.startGuest()
        for _ in 2..<SessionStore.sessionsMaximum { _ = store.startGuest() }
        #expect(store.session(for: first.token) != nil)
        let newest = store.startGuest()
        #expect(store.count == SessionStore.sessionsMaximum)
        #expect(store.session(for: first.token) == nil)
        #expect(store.session(for: second.token) != nil)
        #expect(store.session(for: newest.token) != nil)
    }

    @Test func aUserHasASessionUntilItIsEnded() throws {
        let store = SessionStore(clock: clock)
        let first = store.start(for: "ann")
        let second = store.start(for: "ann")
        #expect(store.session(for: first.token)?.userID == "ann")
        #expect(store.session(for: first.token)?.isGuest == false)
        #expect(store.end(first.token))
        #expect(!store.end(first.token))
        #expect(store.session(for: first.token) == nil)
        #expect(store.session(for: second.token)?.userID == "ann")
        #expect(store.count == 1)
    }

    @Test func aSessionForAGuestsIDIsAGuests() {
        let store = SessionStore(clock: clock)
        let token = store.start(for: store.startGuest().userID).token
        #expect(store.session(for: token)?.isGuest == true)
    }

    @Test func lifetimesAreGivenInSecondsAndMayHaveNoEnd() {
        let store = SessionStore(clock: clock)
        let brief = store.start(for: "ann", lifetime: .seconds(60))
        let eternal = store.start(for: "ann", lifetime: nil)
        #expect(brief.expiresAt == Int64(clock.microsecondsSinceEpoch() / 1_000_000) + 60)
        #expect(eternal.expiresAt == nil)
        clock.advance(by: .seconds(60))
        #expect(store.session(for: brief.token) == nil)
        clock.advance(by: .seconds(100 * 365 * 86_400))
        #expect(store.session(for: eternal.token) != nil)
    }

    /// Whoever signs in and out again and again leaves nothing behind.
    @Test func endedSessionsTakeNoRoom() {
        let store = SessionStore(clock: clock)
        let kept = store.start(for: "ann")
        for _ in 0..<3 * SessionStore.sessionsMaximum / 2 { store.end(store.start(for: "bob").token) }
        #expect(store.count == 1)
        #expect(store.session(for: kept.token) != nil)
    }
}
