import PylonTime
import Testing

@testable import PylonAuth

@Suite struct SessionStoreTests {
    private let clock = ManualClock()

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
}
