import PylonTime
import Testing

@testable import PylonAuth

@Suite struct SessionStoreTests {
    private let clock = ManualClock()

    @Test func tokensAndUserIDsNeverRepeat() throws {
        let store = SessionStore(clock: clock)
        var seen: Set<String> = []
        for _ in 0..<500 {
            let guest = try #require(store.startGuest())
            #expect(seen.insert(guest.token).inserted && seen.insert(guest.userID).inserted)
            #expect(guest.token.hasPrefix("pylon_") && guest.token.utf8.count == 6 + 64)
            #expect(guest.userID.hasPrefix("guest_") && guest.userID.utf8.count == 6 + 32)
        }
        #expect(store.count == 500)
    }

    @Test func aSessionEndsWithItsLifetimeAndIsForgotten() throws {
        let store = SessionStore(clock: clock)
        let guest = try #require(store.startGuest())
        clock.advance(by: SessionStore.lifetime - .nanoseconds(1))
        #expect(store.session(for: guest.token)?.userID == guest.userID)
        clock.advance(by: .nanoseconds(1))
        #expect(store.session(for: guest.token)?.userID == nil)
        #expect(store.count == 0)
    }

    @Test func aFullStoreRefusesUntilSessionsExpire() throws {
        let store = SessionStore(clock: clock)
        for _ in 0..<SessionStore.sessionsMaximum {
            guard store.startGuest() != nil else {
                Issue.record("refused before the bound")
                return
            }
        }
        #expect(store.startGuest() == nil)
        #expect(store.count == SessionStore.sessionsMaximum)
        clock.advance(by: SessionStore.lifetime)
        #expect(store.startGuest() != nil)
        #expect(store.count == 1)
    }
}
